// Lines run with real local programs: status, back-pressure, early readers, files, interrupts.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type PactError } from "../../src/api/index.ts";
import { parseLine } from "../../src/core/grammar.ts";
import { type PipelineHost, runLine } from "../../src/core/pipeline.ts";
import { ClosedSink, type Sink } from "../../src/core/sink.ts";
import { textSink, until } from "../repl/support/sinks.ts";

type Run = (out: Sink, err: Sink, signal: AbortSignal) => Promise<number>;

const test = suite("pipeline", { dir: "" });
test.before.each((context) => {
  context.dir = mkdtempSync(join(tmpdir(), "pact-pipeline-"));
});
test.after.each((context) => rmSync(context.dir, { recursive: true, force: true }));

interface Ran {
  status: number;
  out: string;
  err: string;
  problems: PactError[];
  ran: string[];
}

/** Runs a line whose pact commands are these functions. */
async function run(dir: string, text: string, commands: Record<string, Run> = {}, options: { signal?: AbortSignal; out?: Sink & { text(): string } } = {}): Promise<Ran> {
  const out = options.out ?? textSink();
  const err = textSink();
  const problems: PactError[] = [];
  const ran: string[] = [];
  const host: PipelineHost = {
    env: { PATH: process.env["PATH"], HOME: dir, GREETING: "hello" },
    cwd: dir,
    async command(words, sink, errors, signal) {
      const [name = "", ...rest] = words.map((word) => word.text);
      ran.push(name);
      const command = commands[name];
      if (command !== undefined) return command(sink, errors, signal);
      if (name === "echo") await sink.write(`${rest.join(" ")}\n`);
      return name === "fail" ? Number(rest[0]) : 0;
    },
    async failure(error) {
      problems.push(error);
    },
  };
  const line = parseLine(text);
  if (line.kind !== "commands") throw new Error("a local command");
  const status = await runLine(line, host, out, err, options.signal ?? new AbortController().signal);
  return { status, out: out.text(), err: err.text(), problems, ran };
}

test("a command writes straight to the answer", async ({ dir }) => {
  assert.equal(await run(dir, "echo a b"), { status: 0, out: "a b\n", err: "", problems: [], ran: ["echo"] });
});

test("; && and || work as in sh", async ({ dir }) => {
  const order = async (line: string): Promise<string> => {
    const { status, out } = await run(dir, line);
    return `${out.trim().split("\n").join(" ")} ${status}`.trim();
  };
  assert.is(await order("echo a && echo b || echo c"), "a b 0");
  assert.is(await order("fail 3 && echo b || echo c"), "c 0");
  assert.is(await order("fail 3 || fail 4"), "4");
  assert.is(await order("fail 3 ; echo d"), "d 0");
  assert.is(await order("echo d ; fail 6 && echo e"), "d 6");
});

test("local programs run in order, without a shell, in the host's folder and environment", async ({ dir }) => {
  writeFileSync(join(dir, "here"), "");
  const { status, out } = await run(dir, "echo 'b\na' | sort | tr a-z A-Z");
  assert.is(out, "A\nB\n");
  assert.is(status, 0);
  assert.is((await run(dir, "echo x | echo '$GREETING' '*'")).out, "$GREETING *\n");
  assert.is((await run(dir, "echo x | sh -c 'echo $GREETING; ls'")).out, "hello\nhere\n");
});

test("the status is the rightmost that is not 0", async ({ dir }) => {
  assert.is((await run(dir, "fail 6 | cat")).status, 6);
  assert.is((await run(dir, "fail 6 | sh -c 'cat; exit 3' | cat")).status, 3);
  assert.is((await run(dir, "fail 6 | sh -c 'exit 3' | sh -c 'exit 4'")).status, 4);
  assert.is((await run(dir, "echo x | sh -c 'kill -TERM $$'")).status, 128 + 15);
});

test("stderr of a local program goes to stderr", async ({ dir }) => {
  const { out, err } = await run(dir, "echo x | sh -c 'cat; echo oops >&2'");
  assert.equal([out, err], ["x\n", "oops\n"]);
});

test("a missing program is 127, and nothing has run", async ({ dir }) => {
  const { status, problems, ran } = await run(dir, "echo x | cat | no-such-program-here");
  assert.is(status, 127);
  assert.equal(ran, []);
  assert.match(problems[0]?.message ?? "", 'no program called "no-such-program-here"');
});

test("a file that is no program is 126", async ({ dir }) => {
  writeFileSync(join(dir, "text"), "hello");
  const { status, problems } = await run(dir, "echo x | ./text");
  assert.is(status, 126);
  assert.match(problems[0]?.message ?? "", "permission denied");
});

test("a reader that leaves ends an endless producer quietly", async ({ dir }) => {
  let aborted = false;
  const flood: Run = async (out, _err, signal) => {
    signal.addEventListener("abort", () => {
      aborted = true;
    });
    for (;;) await out.write("y\n".repeat(1000));
  };
  const { status, out, err, problems } = await run(dir, "flood | head -1", { flood });
  assert.equal([status, out, err, problems, aborted], [0, "y\n", "", [], true]);
});

test("a producer that answers 130 because its reader left has not failed", async ({ dir }) => {
  const flood: Run = async (out) => {
    try {
      for (;;) await out.write("y\n".repeat(1000));
    } catch (error) {
      assert.instance(error, ClosedSink);
      return 130;
    }
  };
  assert.is((await run(dir, "flood | head -1", { flood })).status, 0);
});

test("an early reader ends local programs before it too", async ({ dir }) => {
  const { status, out } = await run(dir, "echo x | yes | head -2");
  assert.equal([status, out], [0, "y\ny\n"]);
});

test("a command that finishes its work is not cut short by a program that reads nothing", async ({ dir }) => {
  let finished = false;
  const work: Run = async (_out, _err, signal) => {
    await new Promise((resolve) => setImmediate(resolve));
    finished = !signal.aborted;
    return 0;
  };
  await run(dir, "work | true", { work });
  assert.ok(finished);
});

test("a slow program holds the producer back", async ({ dir }) => {
  // The program reads nothing until the file is there: what was taken by then sits in pipes.
  const gate = join(dir, "go");
  const chunk = Buffer.alloc(64 * 1024, "x");
  let sent = 0;
  const flood: Run = async (out) => {
    for (let at = 0; at < 200; at++) {
      await out.write(chunk);
      sent += chunk.length;
    }
    return 0;
  };
  const done = run(dir, `flood | sh -c 'while [ ! -e go ]; do sleep 0.01; done; wc -c'`, { flood });
  let before = -1;
  await until(() => {
    const still = sent === before;
    before = sent;
    return still && sent > 0;
  }, "the producer waits");
  assert.ok(sent < 2 * 1024 * 1024, `${sent} bytes were taken`);
  writeFileSync(gate, "");
  const { out, status } = await done;
  assert.equal([out.trim(), status], [String(200 * chunk.length), 0]);
});

test("a slow answer holds local programs back, and nothing is lost", async ({ dir }) => {
  let written = 0;
  const slow: Sink & { text(): string } = {
    width: undefined,
    color: false,
    text: () => String(written),
    async write(data) {
      await new Promise((resolve) => setImmediate(resolve));
      written += data.length;
    },
  };
  const { out } = await run(dir, "echo x | head -c 3000000 /dev/zero", {}, { out: slow });
  assert.is(out, "3000000");
});

test("bytes pass unchanged", async ({ dir }) => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, at) => at));
  await run(dir, "bytes | cat > out", { bytes: async (out) => (await out.write(bytes), 0) });
  assert.equal(readFileSync(join(dir, "out")), bytes);
});

test("> writes a plain file by the umask, >> appends, and neither has width or colour", async ({ dir }) => {
  const before = process.umask(0o027);
  try {
    let seen: unknown;
    const look: Run = async (out) => {
      seen = [out.width, out.color];
      await out.write("one\n");
      return 0;
    };
    await run(dir, "look > 'a file'", { look });
    assert.equal(seen, [undefined, false]);
    assert.is(statSync(join(dir, "a file")).mode & 0o777, 0o640);
    await run(dir, "echo two >> 'a file'");
    assert.is(readFileSync(join(dir, "a file"), "utf8"), "one\ntwo\n");
    await run(dir, "echo three > 'a file'");
    assert.is(readFileSync(join(dir, "a file"), "utf8"), "three\n");
  } finally {
    process.umask(before);
  }
});

test("> follows links and keeps the file's mode", async ({ dir }) => {
  writeFileSync(join(dir, "target"), "old");
  chmodSync(join(dir, "target"), 0o600);
  symlinkSync("target", join(dir, "link"));
  await run(dir, "echo new > link");
  assert.is(readFileSync(join(dir, "target"), "utf8"), "new\n");
  assert.is(statSync(join(dir, "target")).mode & 0o777, 0o600);
});

test("~ is the home folder unless quoted", async ({ dir }) => {
  await run(dir, "echo a > ~/home");
  assert.is(readFileSync(join(dir, "home"), "utf8"), "a\n");
  mkdirSync(join(dir, "~"));
  await run(dir, "echo b > '~/home'");
  assert.is(readFileSync(join(dir, "~", "home"), "utf8"), "b\n");
});

test("a file that cannot be written fails before anything runs", async ({ dir }) => {
  for (const [file, reason] of [["no/such/file", "there is no such folder"], [".", "it is a folder"]] as const) {
    const { status, problems, ran } = await run(dir, `echo x > ${file}`);
    assert.equal([status, ran, problems[0]?.failure, problems[0]?.about.reason], [1, [], "local", reason]);
  }
});

test("a disk that fills up is said once", async ({ dir }) => {
  if (!existsSync("/dev/full")) return;
  for (const line of ["echo x > /dev/full", "echo x | cat > /dev/full"]) {
    const { status, problems } = await run(dir, line);
    assert.equal([status, problems.map((problem) => problem.about.reason)], [1, ["no space left"]], line);
  }
});

test("a command that throws is shown and does not leave programs behind", async ({ dir }) => {
  const broken: Run = async () => {
    throw new Error("boom");
  };
  const { status, problems, out } = await run(dir, "broken | cat", { broken });
  assert.equal([status, problems[0]?.failure, out], [1, "internal", ""]);
});

test("an abort interrupts local programs and ends the line", async ({ dir }) => {
  const abort = new AbortController();
  const out = textSink();
  const done = run(dir, "echo x | sh -c 'echo ready; exec sleep 60' ; echo never", {}, { signal: abort.signal, out });
  await until(() => out.text() === "ready\n", "the program runs");
  abort.abort();
  const { status, ran } = await done;
  assert.equal([status, ran], [130, ["echo"]]);
});

test("a program that ignores the interrupt is killed after the grace, and waited for", async ({ dir }) => {
  const abort = new AbortController();
  const out = textSink();
  const done = run(dir, `echo x | sh -c 'trap "" INT; echo $$; while :; do sleep 0.05; done'`, {}, { signal: abort.signal, out });
  await until(() => /^\d+\n$/.test(out.text()), "the program runs");
  const pid = Number(out.text());
  const began = Date.now();
  abort.abort();
  assert.is((await done).status, 137);
  assert.ok(Date.now() - began >= 1900, "it had its grace");
  assert.throws(() => process.kill(pid, 0), /ESRCH/);
});

test("an aborted signal runs nothing", async ({ dir }) => {
  const { status, ran } = await run(dir, "echo a | cat ; echo b", {}, { signal: AbortSignal.abort() });
  assert.equal([status, ran], [130, []]);
});

test("when the answer's own reader leaves, the line ends quietly", async ({ dir }) => {
  const { status, problems } = await run(dir, "echo x | yes", {}, { out: textSink(10) });
  assert.equal([status, problems], [0, []]);
});

test("without a way of its own the host's problems are shown plainly", async ({ dir }) => {
  const err = textSink();
  const host: PipelineHost = { env: process.env, cwd: dir, command: async () => 0 };
  const line = parseLine("status > no/such");
  if (line.kind !== "commands") throw new Error("a local command");
  assert.is(await runLine(line, host, textSink(), err, new AbortController().signal), 1);
  assert.is(err.text(), "error: cannot write no/such\n  why: there is no such folder\n");
});

test.run();
