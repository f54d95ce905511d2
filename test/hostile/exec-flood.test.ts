// An agent that floods, or says what cannot be, against the built program: memory stays bounded,
// and the exit status is right.
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as grpc from "@grpc/grpc-js";
import type { ExecOutput } from "../../src/contract/gen/pact/shell/ExecOutput.ts";
import { startAgent, type ExecCall, type TestAgent } from "../client/support/agent.ts";
import { startJournal, type TestJournal } from "../client/support/servers.ts";
import { measured, type Measured } from "./support/measured.ts";
import { pour, times } from "./support/pour.ts";

const MIB = 1024 * 1024;
const FLOOD = 128 * MIB;
const PIECE = 64 * 1024;
const NODES = [{ node_id: "node-001", vcluster_id: "ml-training" }];

let journal: TestJournal;
let agent: TestAgent;
let script: (call: ExecCall) => void = () => {};
test.before(async () => {
  journal = await startJournal({ ours: true, entries: [], nodes: NODES });
  agent = await startAgent({
    exec: (call) => {
      call.on("error", () => {});
      script(call);
    },
  });
});
test.after(() => {
  agent.close();
  journal.close();
});

function* ending(messages: Iterable<ExecOutput>, exit_code: number): Generator<ExecOutput> {
  yield* messages;
  yield { exit_code };
}

function run(says: (call: ExecCall) => void, ...flags: string[]): Promise<Measured> {
  script = says;
  return measured(["exec", "node-001", ...flags, "--", "cat", "/dev/zero"], journal.url, { agent: agent.url });
}

test("an eighth of a gibibyte without a line end passes through a pipe in little memory, on either stream", async () => {
  for (const stream of ["stdout", "stderr"]) {
    const ran = await run((call) => void pour(call, ending(times(FLOOD / PIECE, stream === "stdout" ? { stdout: Buffer.alloc(PIECE) } : { stderr: Buffer.alloc(PIECE) }), 0)));
    assert.is(ran.status, 0, ran.stderr.slice(0, 500));
    assert.is(stream === "stdout" ? ran.stdoutBytes : ran.stderrBytes, FLOOD);
    assert.ok(ran.peakMiB < 150, `${ran.peakMiB} MiB for ${stream}`);
  }
});

test("JSON holds the beginning of a flood, says that it is cut, and memory stays bounded", async () => {
  // A control character is six in JSON: the worst that can come.
  const ran = await run((call) => void pour(call, ending(times(FLOOD / PIECE, { stdout: Buffer.alloc(PIECE, 1) }), 0)), "--output", "json");
  assert.is(ran.status, 0, ran.stderr);
  assert.match(ran.stdoutEnd, /"encoding":"utf-8","truncated":true,"duration_ms":\d+,"error":null\}\n\]\n$/);
  assert.ok(ran.peakMiB < 450, `${ran.peakMiB} MiB`);
});

test("a hundred thousand pieces of a byte are held as what they are", async () => {
  const ran = await run((call) => void pour(call, ending(times(100_000, { stdout: Buffer.from("x") }), 0)), "--output", "json");
  assert.is(ran.status, 0, ran.stderr);
  assert.match(ran.stdoutEnd, /x","stderr":"","encoding":"utf-8","truncated":false/);
  assert.ok(ran.peakMiB < 150, `${ran.peakMiB} MiB`);
});

test("output that the agent itself cut is told as truncated", async () => {
  const cut = new grpc.Metadata();
  cut.set("pact-truncated", "stdout");
  const ran = await run((call) => {
    call.write({ stdout: Buffer.from("the beginning") });
    call.write({ exit_code: 0 });
    call.end(cut);
  }, "--output", "json");
  assert.is(JSON.parse(ran.stdout)[0].truncated, true);
});

test("a message that is too large is refused with 1, and said", async () => {
  const ran = await run((call) => void pour(call, [{ stdout: Buffer.alloc(65 * MIB) }, { exit_code: 0 }]));
  assert.is(ran.status, 1);
  assert.match(ran.stderr, /cannot run cat on node-001\n {2}why: its answer is larger than 64 MiB/);
});

test("output that never ends after the exit status does not hold the client", async () => {
  const ran = await run((call) => void pour(call, forever({ exit_code: 3 }, { stdout: Buffer.alloc(PIECE) })));
  assert.is(ran.status, 1);
  assert.match(ran.stderr, /node-001: exit 3\n$/);
  assert.ok(ran.ms < 15_000, `${ran.ms} ms`);
});

function* forever(first: ExecOutput, then: ExecOutput): Generator<ExecOutput> {
  yield first;
  for (;;) yield then;
}

test("the first of several exit statuses counts, and so it does without trailers", async () => {
  const twice = await run((call) => void pour(call, [{ exit_code: 4 }, { exit_code: 0 }]), "--remote-rc");
  assert.is(twice.status, 4);
  const bare = await run((call) => void call.write({ exit_code: 5 }), "--remote-rc");
  assert.is(bare.status, 5);
});

test("an exit status that no program can have is never passed on as success", async () => {
  for (const exit_code of [256, 65_536, -1, -2_147_483_648]) {
    const ran = await run((call) => void pour(call, [{ exit_code }]), "--remote-rc");
    assert.is(ran.status, 1, `for ${exit_code}`);
    assert.match(ran.stderr, new RegExp(`node-001: exit ${exit_code}\n`));
  }
});

test("an error of a megabyte full of control characters is one short line", async () => {
  const ran = await run((call) => void pour(call, [{ error: `\u001b]0;owned\u0007\u202enot whitelisted\r\n${"\u0000".repeat(MIB)}` }]));
  assert.is(ran.status, 6);
  assert.ok(ran.stderrBytes < 2_500, `${ran.stderrBytes} bytes`);
  assert.not.match(ran.stderr, /[\u0000-\u0009\u000b-\u001f\u202e]/);
});

test("an answer with nothing in it is a failure that says so", async () => {
  const ran = await run((call) => void pour(call, [{}, {}, {}]));
  assert.is(ran.status, 1);
  assert.match(ran.stderr, /ended without an exit status/);
});

test.run();
