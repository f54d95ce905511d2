// What Tab may offer, from the declarations and from what is known; and where in a line the cursor is.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Completion, type Known, NOTHING_KNOWN, complete } from "../../src/core/complete.ts";
import { cursorOf } from "../../src/core/cursor.ts";
import { Registry } from "../../src/core/registry.ts";
import { BUNDLED } from "../../src/app/bundled.ts";

const KNOWN: Known = {
  ...NOTHING_KNOWN,
  node: [{ text: "node-001", note: "ml" }, { text: "node-002", note: "ml" }],
  vcluster: [{ text: "ml" }, { text: "dev" }],
  remote: [{ text: "uname" }],
  settings: new Map([["output", [{ text: "json" }]], ["timeout", []]]),
};
const registry = new Registry();

test.before(async () => {
  for (const load of BUNDLED) registry.add((await load()).default);
});

const asked = async (line: string, interactive = false): Promise<Completion> => {
  const { before, partial } = cursorOf(line);
  return await complete(before, partial, registry, KNOWN, interactive);
};
const texts = async (line: string, interactive = false): Promise<string[]> => (await asked(line, interactive)).candidates.map(({ text }) => text);

test("the words of commands are offered, also behind global flags", async () => {
  assert.equal(await texts("stat"), ["status"]);
  assert.equal(await texts("--output json stat"), ["status"]);
  assert.equal(await texts("--output=json --quiet site st"), ["status"]);
  assert.equal(await texts("config "), ["show"]);
  assert.equal(await texts("nonsense "), []);
  assert.equal(await texts("--nonsense "), await texts(""));
});

test("a flag's values are offered behind it and behind its =, before the command and after it", async () => {
  const outputs = ["json", "ndjson"];
  assert.equal(await texts("status --output js"), ["json"]);
  assert.equal((await texts("--output ")).filter((text) => outputs.includes(text)), outputs);
  assert.equal(await texts("status --output=j"), ["--output=json"]);
  assert.equal(await texts("--vcluster=m"), ["--vcluster=ml"]);
  assert.equal(await texts("status --quiet=x"), []);
});

test("flags are offered once, under every name", async () => {
  assert.ok((await texts("status --o")).includes("--output"));
  assert.not.ok((await texts("status --output=json --o")).includes("--output"));
  assert.not.ok((await texts("log -n 5 --c")).includes("--count"));
  assert.ok((await texts("log -n 5 --c")).includes("--color"));
  assert.not.ok((await texts("commit --message --m")).includes("--message"), "that is the message");
});

test("a scope is completed in two steps", async () => {
  assert.equal(await texts("log --scope "), ["global", "node:", "vc:"]);
  assert.equal(await texts("log --scope node:node-00"), ["node:node-001", "node:node-002"]);
  assert.equal(await texts("log --scope=vc:"), ["--scope=vc:ml", "--scope=vc:dev"]);
});

test("set offers settings and the values of those that have but a few, in the shell only", async () => {
  assert.equal(await texts("set ", true), ["output", "timeout"]);
  assert.equal(await texts("set output ", true), ["json"]);
  assert.equal(await texts("set timeout ", true), []);
  assert.equal(await texts("set output json ", true), []);
  assert.equal(await texts("set "), []);
  assert.not.ok((await texts("")).includes("set"));
});

test("exec offers nodes, then --, then what may run there, and nothing of this machine", async () => {
  assert.equal(await texts("exec node-"), ["node-001", "node-002"]);
  assert.equal(await texts("exec node-001 "), ["--"]);
  assert.equal(await asked("exec node-001 -- un"), { candidates: [{ text: "uname" }] });
  assert.equal(await asked("exec node-001 -- uname "), { candidates: [] });
  assert.equal(await texts("exec node-001 -- --out"), []);
});

test("files and folders are left to whoever asked", async () => {
  assert.equal(await asked("run ni"), { candidates: [], files: "files" });
  assert.equal(await asked("site up --dir=x"), { candidates: [], files: "folders" });
});

test("help offers commands and its topics", async () => {
  assert.equal(await texts("help exe"), ["exec"]);
  assert.equal(await texts("help exi"), ["exit-codes"]);
  assert.equal(await texts("help site u"), ["up"]);
});

test("the cursor's word, stage and place are found in half a line", () => {
  assert.equal(cursorOf("status; exec 'no"), { place: "command", before: ["exec"], partial: "no", start: 13 });
  assert.equal(cursorOf("status | gre"), { place: "program", before: [], partial: "gre", start: 9 });
  assert.equal(cursorOf("status > f"), { place: "file", before: [], partial: "f", start: 9 });
  assert.equal(cursorOf("status "), { place: "command", before: ["status"], partial: "", start: 7 });
  assert.is(cursorOf("status # exec ").place, "comment");
  assert.is(cursorOf("").place, "command");
});

test.run();
