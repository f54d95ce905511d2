// A journal that sends too much, too large, out of order or nonsense, against the built program.
import { connect } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ConfigEntry } from "../../src/contract/gen/pact/config/ConfigEntry.ts";
import type { NodeSummary } from "../../src/contract/gen/pact/enrollment/NodeSummary.ts";
import { startAgent } from "../client/support/agent.ts";
import { entry, startTcp } from "../client/support/servers.ts";
import { startPty } from "../repl/support/pty.ts";
import { startLyingJournal, type Lies } from "./support/lying-journal.ts";
import { measured, programFor, type Measured } from "./support/measured.ts";

const MIB = 1024 * 1024;
const NODES = 400;
const EVIL = "\u001b]0;owned\u0007\u009b2J\r\u202e";

async function against(lies: Lies, ...words: string[]): Promise<Measured> {
  const journal = await startLyingJournal(lies);
  try {
    return await measured(words, journal.url, { agent: "http://127.0.0.1:1" });
  } finally {
    journal.close();
  }
}

function* up(from: number, more: Partial<ConfigEntry> = {}): Generator<ConfigEntry> {
  for (let at = from; ; at += 1) yield entry(at, more);
}

function* down(from: number, more: Partial<ConfigEntry> = {}): Generator<ConfigEntry> {
  for (let at = from; at >= 0; at -= 1) yield entry(at, more);
}

const lines = (text: string): string[] => text.split("\n").filter((line) => line !== "");

test("a journal that sends more than was asked for is not read on", async () => {
  const ran = await against({ ours: true, list: () => down(1e9) }, "log", "-n", "20");
  assert.is(ran.status, 0, ran.stderr);
  assert.is(lines(ran.stdout).length, 20);
});

test("the last of two million entries of a stock journal take neither time nor memory", async () => {
  const list: Lies["list"] = ({ from_sequence, to_sequence }) =>
    (function* () {
      for (const one of up(Number(from_sequence ?? 0))) {
        if (Number(one.sequence) > Number(to_sequence ?? 2e6 - 1)) return;
        yield one;
      }
    })();
  const ran = await against({ ours: false, list, get: (at) => (at < 2e6 ? entry(at) : undefined) }, "log", "-n", "20");
  assert.is(ran.status, 0, ran.stderr);
  assert.is(lines(ran.stdout).length, 20);
  assert.match(ran.stdout, /^#1999999 /);
  assert.ok(ran.peakMiB < 150, `${ran.peakMiB} MiB`);
});

test("entries that were not asked for, without end, are a failure that says so", async () => {
  const ran = await against({ ours: false, list: () => up(0), get: (at) => (at < 2e6 ? entry(at) : undefined) }, "log", "-n", "20");
  assert.is(ran.status, 1);
  assert.is(ran.stderr, "error: the server's answer makes no sense\n  why: entry #0 came where #1999980 to #1999999 were asked for\n");
});

test("one entry sent over and over is a failure, not a stream without end", async () => {
  const list = function* (): Generator<ConfigEntry> {
    for (;;) yield entry(3);
  };
  const ran = await against({ ours: false, list }, "log", "--scope", "node:node-001");
  assert.is(ran.status, 1);
  assert.match(ran.stderr, /why: entry #3 came where #4 to /);
});

test("entries of 60 MiB are refused as they come, not collected", async () => {
  for (const ours of [true, false]) {
    const large = { policy_ref: "x".repeat(60 * MIB) };
    const ran = await against({ ours, list: () => (ours ? down(59, large) : up(0, large)) }, "log", "--scope", "node:node-001");
    assert.is(ran.status, 1);
    assert.match(ran.stderr, /why: an entry of 60 MiB; journals take none of more than 16 MiB/);
    assert.ok(ran.peakMiB < 400, `${ran.peakMiB} MiB`);
  }
});

test("a time that no calendar has is a failure that says so; a server's clock of the year 9999 is none", async () => {
  for (const seconds of ["253402300800", "-62135596801", "9223372036854775807"]) {
    const ran = await against({ ours: true, list: () => [entry(1, { timestamp: { seconds, nanos: 0 } })] }, "log");
    assert.is(ran.status, 1);
    assert.match(ran.stderr, /why: the time of an entry is out of range/);
  }
  for (const time of ["9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "soon"]) {
    const ran = await against({ ours: true, time, list: () => [entry(1)] }, "log");
    assert.is(ran.status, 0, ran.stderr);
  }
});

test("more nodes than connections are kept: each is asked, and connections do not pile up", async () => {
  const agent = await startAgent({ state: () => ({ node_id: "node-001", vcluster_id: "ml-training" }) });
  let open = 0;
  let most = 0;
  const counting = await startTcp((socket) => {
    most = Math.max(most, (open += 1));
    socket.on("close", () => (open -= 1));
    const onward = connect(agent.port, "127.0.0.1");
    onward.on("error", () => socket.destroy());
    onward.on("close", () => socket.destroy());
    socket.on("close", () => onward.destroy());
    socket.pipe(onward).pipe(socket);
  });
  const node = (index: number): NodeSummary => ({
    node_id: `node-${index}`, vcluster_id: "ml-training", enrollment_state: "Active", agent_endpoint: `http://127.0.0.1:${counting.port}`,
    overview: { config_state: "Committed" },
  });
  try {
    const ran = await against({ ours: true, nodes: Array.from({ length: NODES }, (_, index) => node(index)) }, "status", "--output", "name", "--node-timeout", "15s");
    assert.is(lines(ran.stdout).length, NODES);
    assert.ok(most > 100 && most < 340, `${most} connections at once`);
  } finally {
    counting.close();
    agent.close();
  }
});

test("what steers a terminal does not get there, in any format", async () => {
  const author = { principal: EVIL, principal_type: EVIL, role: EVIL };
  const list = (): ConfigEntry[] => [entry(1, { author, policy_ref: EVIL, scope: { node_id: EVIL } })];
  const journal = await startLyingJournal({ ours: true, list });
  try {
    for (const format of ["text", "json", "ndjson", "yaml", "csv", "name", "wide"]) {
      const { file, args, env, home } = programFor(["log", "--output", format], journal.url, { env: { TERM: "xterm", NO_COLOR: "1" } });
      const pty = startPty(file, args, env, home);
      await pty.exited;
      // The terminal itself puts a carriage return before a line end.
      assert.not.match(pty.text().replaceAll("\r\n", "\n"), /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/, format);
      assert.match(pty.text(), /1/);
    }
  } finally {
    journal.close();
  }
});

test.run();
