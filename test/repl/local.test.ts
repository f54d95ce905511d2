// `!CMD` on plain pipes and on a lease: status, interrupts, missing shells, a slow terminal.
import { tmpdir } from "node:os";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { TerminalLease } from "../../src/api/index.ts";
import { runOnPipes, runOnTerminal } from "../../src/repl/local.ts";
import { textSink, until } from "./support/sinks.ts";

const test = suite("local");
const place = { env: { PATH: process.env["PATH"], SHELL: "/bin/sh", PACT_TOKEN: "leak" }, cwd: tmpdir() };
const never = (): AbortSignal => new AbortController().signal;

interface FakeLease extends TerminalLease {
  type(text: string): void;
  text(): string;
  released(): number;
}

/** A lease whose writes take a turn of the event loop each, like a slow terminal. */
function fakeLease(): FakeLease {
  const parts: Buffer[] = [];
  let input: (bytes: Uint8Array) => void = () => undefined;
  let released = 0;
  return {
    size: { rows: 30, cols: 90 },
    term: "xterm",
    onInput: (listener) => {
      input = listener;
    },
    onResize: () => undefined,
    async write(bytes) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      parts.push(Buffer.from(bytes));
    },
    release: () => {
      released += 1;
    },
    type: (text) => input(Buffer.from(text)),
    text: () => Buffer.concat(parts).toString("latin1"),
    released: () => released,
  };
}

test("pipes: both streams and the status, without secrets", async () => {
  const out = textSink();
  const err = textSink();
  assert.is(await runOnPipes("echo out $PACT_TOKEN; echo err >&2; exit 5", place, out, err, never()), 5);
  assert.equal([out.text(), err.text()], ["out\n", "err\n"]);
  assert.is(await runOnPipes("kill -9 $$", place, out, err, never()), 137);
});

test("a shell that is not there gives way to sh", async () => {
  const out = textSink();
  const env = { ...place.env, SHELL: "/no/such/shell" };
  assert.is(await runOnPipes("echo ok", { ...place, env }, out, textSink(), never()), 0);
  assert.is(out.text(), "ok\n");
});

test("pipes: an abort ends the command, also when something in the background holds its output", async () => {
  const abort = new AbortController();
  const out = textSink();
  const done = runOnPipes("sleep 30 & echo $!; exec sleep 30", place, out, textSink(), abort.signal);
  await until(() => out.text() !== "", "it runs");
  abort.abort();
  assert.is(await done, 130);
  process.kill(Number(out.text()), "SIGKILL");
});

test("pipes: a reader that has gone ends the command quietly", async () => {
  const status = await runOnPipes("yes", place, textSink(100), textSink(), never());
  assert.is(status, 128 + 13);
});

test("a folder that is gone is said, and the lease is released", async () => {
  const lease = fakeLease();
  try {
    await runOnTerminal("true", { ...place, cwd: "/no/such/folder" }, lease, never());
    assert.unreachable();
  } catch (error) {
    assert.match(String(error), "is gone");
  }
  assert.is(lease.released(), 1);
});

test("terminal: size, type, bytes and status arrive, and the lease is released once", async () => {
  const lease = fakeLease();
  const status = await runOnTerminal(`stty size; echo $TERM; printf '\\377\\200'; exit 4`, place, lease, never());
  assert.is(status, 4);
  assert.is(lease.text(), "30 90\r\nxterm\r\n\xff\x80");
  assert.is(lease.released(), 1);
});

test("terminal: a slow terminal gets everything of a large output", async () => {
  const lease = fakeLease();
  const size = 6_000_000;
  assert.is(await runOnTerminal(`head -c ${size} /dev/zero | tr '\\0' x; printf END`, place, lease, never()), 0);
  assert.is(lease.text().length, size + 3);
  assert.ok(lease.text().endsWith("xEND"));
});

test("terminal: a burst and an immediate exit lose nothing, 200 times", async () => {
  const burst = `printf '%0100000d' 0; printf END`;
  for (let round = 0; round < 50; round++) {
    const leases = [fakeLease(), fakeLease(), fakeLease(), fakeLease()];
    const exits = await Promise.all(leases.map((lease) => runOnTerminal(burst, place, lease, never())));
    assert.equal(exits, [0, 0, 0, 0]);
    for (const lease of leases) assert.is(lease.text().length, 100_003, `round ${round}`);
  }
});

test("terminal: the end of the shell hangs the command up", async () => {
  const abort = new AbortController();
  const lease = fakeLease();
  const done = runOnTerminal("echo ready; exec sleep 60", place, lease, abort.signal);
  await until(() => lease.text().includes("ready"), "it runs");
  abort.abort();
  assert.is(await done, 129);
  assert.is(await runOnTerminal("echo no", place, fakeLease(), AbortSignal.abort()), 130);
});

test("terminal: a command in the background does not hold the shell", async () => {
  const lease = fakeLease();
  const began = Date.now();
  assert.is(await runOnTerminal("sleep 5 & echo started", place, lease, never()), 0);
  assert.ok(Date.now() - began < 3000);
  assert.match(lease.text(), "started");
});

test.run();
