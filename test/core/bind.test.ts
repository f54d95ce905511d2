import { test } from "uvu";
import * as assert from "uvu/assert";
import { PactError, count, defaulted, flag, on, optional, required, requiredFlag, rest, values } from "./kinds.ts";
import { bind, usageLine } from "../../src/core/bind.ts";
import { wordsFromArgv } from "../../src/core/word.ts";

const exec = { path: "exec", args: { node: required(values.node, "where"), command: rest(values.remoteWord, "what") } };
const commit = { path: "commit", flags: { message: requiredFlag(values.message, "why", { short: "m" }), ttl: flag(values.duration, "how long") } };
const log = { path: "log", args: { node: optional(values.node, "whose") }, flags: { count: defaulted(count(1), 20, "how many", { short: "n" }), raw: on("raw") } };

const words = (line: string) => wordsFromArgv(line.split(" "));
const failure = (run: () => unknown): PactError => {
  try {
    run();
  } catch (error) {
    if (error instanceof PactError) return error;
    throw error;
  }
  throw new Error("it did not fail");
};

test("words after -- are the remote command, whatever they look like", () => {
  const { args } = bind(exec, words("node-001 -- ls --output json -v -- x"));
  assert.equal(args, { node: "node-001", command: ["ls", "--output", "json", "-v", "--", "x"] });
});

test("global flags stand anywhere before --", () => {
  const { args, globals } = bind(exec, words("--output json node-001 --remote-rc -- id"));
  assert.equal(args["node"], "node-001");
  assert.equal(globals, { output: "json", remoteRc: true });
});

test("a remote command without -- is a usage failure that shows how", () => {
  const error = failure(() => bind(exec, words("node-001 uname")));
  assert.is(error.failure, "usage");
  assert.match(error.message, "stands after --");
});

test("nothing after -- is a usage failure", () => {
  assert.match(failure(() => bind(exec, words("node-001 --"))).message, "missing after --");
});

test("a missing argument is named", () => {
  assert.match(failure(() => bind(exec, words("-- ls"))).message, "NODE is missing");
});

test("a required flag that is missing is named, and the usage shown", () => {
  const error = failure(() => bind(commit, []));
  assert.match(error.message, "--message is missing");
  assert.match(error.about.hint ?? "", "pact commit -m MESSAGE");
});

test("short and long forms, with and without =", () => {
  for (const line of ["-n 5", "-n5", "--count 5", "--count=5", "-n=5"]) assert.is(bind(log, words(line)).flags["count"], 5, line);
  assert.is(bind(log, []).flags["count"], 20);
});

test("a bad number says what it needs and where it stands", () => {
  const error = failure(() => bind(log, words("-n many")));
  assert.match(error.message, 'log: -n needs a whole number of at least 1, got "many"');
  assert.equal(error.about.span, { start: 3, end: 7 });
});

test("an unknown flag is refused with the nearest one", () => {
  const error = failure(() => bind(log, words("--cuont 3")));
  assert.match(error.message, "unknown flag --cuont");
  assert.match(error.about.hint ?? "", "--count");
});

test("a flag with its value missing says so, also before --", () => {
  assert.match(failure(() => bind(log, words("-n"))).message, "-n needs a value");
  assert.match(failure(() => bind(exec, words("node-001 --output -- ls"))).message, "--output needs a value");
});

test("a switch takes no value", () => {
  assert.match(failure(() => bind(log, words("--raw=yes"))).message, "takes no value");
});

test("-vv counts", () => {
  assert.is(bind(log, words("-vv")).globals.verbose, 2);
  assert.is(bind(log, words("-v -v")).globals.verbose, 2);
});

test("with --help nothing else is required", () => {
  assert.is(bind(exec, words("--help")).globals.help, true);
});

test("an extra word is refused", () => {
  assert.match(failure(() => bind(log, words("node-001 node-002"))).message, 'unexpected word "node-002"');
});

test("a node name that could be a path or an option is refused", () => {
  for (const name of ["../etc", "a/b", ".hidden", "x".repeat(64), "a b"]) {
    assert.match(failure(() => bind(log, wordsFromArgv([name]))).message, "NODE needs a node id");
  }
});

test("usage lines show what must be given first", () => {
  assert.is(usageLine(exec), "exec NODE -- CMD [ARG …]");
  assert.is(usageLine(commit), "commit -m MESSAGE [FLAGS]");
  assert.is(usageLine(log), "log [NODE] [FLAGS]");
});

test.run();
