// Lines without a terminal: where they stop, what they answer, what is said.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { History } from "../../src/repl/history.ts";
import { type ShellHost, linesOf, runScript } from "../../src/repl/host.ts";
import { textSink } from "./support/sinks.ts";

const test = suite("script");

async function* lines(...all: string[]): AsyncGenerator<string> {
  yield* all;
}

interface Ran {
  exit: number;
  out: string;
  err: string;
  /** What host.finished was told. */
  told: [string, number][];
}

async function run(all: AsyncIterable<string>, keepGoing = false, signal = new AbortController().signal): Promise<Ran> {
  const out = textSink();
  const err = textSink();
  const told: [string, number][] = [];
  let leaving = false;
  const history = new History({ path: undefined });
  const host: ShellHost = {
    env: { PATH: process.env["PATH"], PACT_TOKEN: "leak" },
    cwd: "/",
    history,
    async command(words, to) {
      const [name, ...rest] = words.map((word) => word.text);
      if (name === "echo") await to.write(`${rest.join(" ")}\n`);
      if (name === "exit") leaving = true;
      return name === "fail" ? Number(rest[0]) : 0;
    },
    complete: async () => ({ start: 0, candidates: [] }),
    prompt: () => ({ vcluster: undefined, node: undefined, lastExit: 0, segments: [] }),
    banner: () => ["banner"],
    finished: (line, exit) => void told.push([line, exit]),
    leaving: () => leaving,
  };
  const exit = await runScript(all, host, out, err, { keepGoing, name: "deploy.pact" }, signal);
  assert.equal(history.texts(), []);
  return { exit, out: out.text(), err: err.text(), told };
}

test("lines run in order, without prompt or banner; blank lines and comments do not count as commands", async () => {
  const { exit, out, err, told } = await run(lines("\ufeffecho a", "", "  # echo no", "echo b # c\r", "echo 'c' | tr c d"));
  assert.equal([exit, out, err], [0, "a\nb\nd\n", ""]);
  assert.equal(told.map(([line]) => line), ["echo a", "echo b # c", "echo 'c' | tr c d"]);
});

test("it stops at the first failure and names the line", async () => {
  const { exit, out, err } = await run(lines("echo a", "", "fail 6 --token secret", "echo b"));
  assert.equal([exit, out], [6, "a\n"]);
  assert.is(err, "deploy.pact:3: exit 6: fail 6 --token ***\n");
});

test("keeping going answers the last failing line's status", async () => {
  const { exit, out, err } = await run(lines("fail 6", "echo a", "fail 3", "echo b"), true);
  assert.equal([exit, out], [3, "a\nb\n"]);
  assert.is(err, "deploy.pact:1: exit 6: fail 6\ndeploy.pact:3: exit 3: fail 3\n");
});

test("a line that cannot be read is a failure of that line", async () => {
  const { exit, err } = await run(lines("echo a", "echo 'b"));
  assert.is(exit, 1);
  assert.is(err, "error: the single quote is not closed\ndeploy.pact:2: exit 1: echo 'b\n");
});

test("a quick line after a failing one is decided by the line alone", async () => {
  assert.is((await run(lines("fail 3 || echo a", "echo b"))).exit, 0);
});

test("exit ends the script with what happened so far", async () => {
  assert.equal((await run(lines("echo a", "exit", "fail 4"))).exit, 0);
  assert.equal((await run(lines("fail 4", "exit", "fail 5"), true)).exit, 4);
});

test("a local command runs on plain pipes, without input and without secrets", async () => {
  const { exit, out, err } = await run(lines("!cat; echo out $PACT_TOKEN; echo err >&2; exit 3"));
  assert.equal([exit, out, err], [3, "out\n", "err\ndeploy.pact:1: exit 3: !cat; echo out $PACT_TOKEN; echo err >&2; exit 3\n"]);
});

test("an abort ends the script with 130", async () => {
  const abort = new AbortController();
  const stopping = async function* (): AsyncGenerator<string> {
    yield "echo a";
    abort.abort();
    yield "echo b";
  };
  const { exit, out } = await run(stopping(), true, abort.signal);
  assert.equal([exit, out], [130, "a\n"]);
});

test("lines of a stream are cut at line ends, wherever its chunks end", async () => {
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    const bytes = Buffer.from("one\ntwö\n\nlast");
    for (const byte of bytes) yield Buffer.from([byte]);
  };
  const got: string[] = [];
  for await (const line of linesOf(chunks())) got.push(line);
  assert.equal(got, ["one", "twö", "", "last"]);
});

test("a stream that never ends a line is refused", async () => {
  const chunks = async function* (): AsyncGenerator<string> {
    for (;;) yield "x".repeat(65_536);
  };
  try {
    for await (const line of linesOf(chunks())) assert.unreachable(line);
    assert.unreachable("it ended");
  } catch (error) {
    assert.match(String(error), "a line of more than");
  }
});

test.run();
