// CollectDiag: which sources, how many lines, and patterns that are wrong or hostile (LOG1..LOG5).
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ServiceError } from "@grpc/grpc-js";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { DiagChunk__Output } from "../../../src/contract/gen/pact/shell/DiagChunk.ts";
import type { DiagRequest } from "../../../src/contract/gen/pact/shell/DiagRequest.ts";
import type { Caller } from "../../../src/site/parts.ts";
import { as, NODE, openBench, ops, viewer, type Bench } from "./support/agents.ts";

let bench: Bench;
test.before(async () => {
  bench = await openBench();
  const logs = join(bench.dir, "nodes", NODE, "root/run/pact/logs");
  writeFileSync(join(logs, "web.log"), Array.from({ length: 300 }, (_, n) => `line ${n}\n`).join(""));
  writeFileSync(join(logs, "db.log"), `${"a".repeat(20_000)}\nplain\n`);
});
test.after(async () => { await bench.close(); });

async function diag(request: DiagRequest, caller: Caller = ops): Promise<{ chunks: DiagChunk__Output[]; error: ServiceError | undefined }> {
  const call = bench.client("pact.shell.ShellService").CollectDiag(request, as(caller), { deadline: Date.now() + 15_000 });
  const chunks: DiagChunk__Output[] = [];
  let error: ServiceError | undefined;
  call.on("data", (chunk: DiagChunk__Output) => chunks.push(chunk));
  await new Promise<void>((resolve) => {
    call.on("error", (thrown: ServiceError) => { error = thrown; });
    call.on("status", () => resolve());
  });
  return { chunks, error };
}

test("sources are the system's logs and every service that has a log", async () => {
  assert.equal((await diag({})).chunks.map(({ source }) => source), ["dmesg", "syslog", "service:db", "service:web"]);
  assert.equal((await diag({ source_filter: "system" })).chunks.map(({ source }) => source), ["dmesg", "syslog"]);
  assert.equal((await diag({ source_filter: "nonsense" })).chunks, []);
});

test("the last lines are taken, 100 unless asked otherwise, then filtered", async () => {
  const [web] = (await diag({ source_filter: "service", service_name: "web" })).chunks;
  assert.is(web?.lines.length, 100);
  assert.is(web?.lines[99], "line 299");
  assert.is(web?.truncated, true);
  const [some] = (await diag({ source_filter: "service", service_name: "web", line_limit: 20, grep_pattern: "9[0-5]$" })).chunks;
  assert.equal(some?.lines, ["line 290", "line 291", "line 292", "line 293", "line 294", "line 295"]);
  assert.equal((await diag({ source_filter: "service", service_name: "absent" })).chunks.map(({ lines }) => lines), [[]]);
});

test("wrong requests are refused", async () => {
  for (const request of [{ grep_pattern: "(" }, { grep_pattern: "x".repeat(256) }, { service_name: "../x" }, { service_name: "a/b" }, { line_limit: 10_001 }]) {
    assert.is((await diag({ source_filter: "service", ...request })).error?.code, 3, JSON.stringify(request));
  }
  assert.is((await diag({}, viewer)).error?.code, 7);
});

test("a hostile pattern does not hang the agent", async () => {
  const start = performance.now();
  const { error } = await diag({ source_filter: "service", service_name: "db", grep_pattern: "(a*)*(a*)*(a*)*\\1\\2b$" });
  assert.ok(performance.now() - start < 12_000);
  assert.ok(error === undefined || error.code === 3);
});

test("ListCommands names all 38 with what they do", async () => {
  const commands = await new Promise<readonly { command: string; description: string }[]>((resolve, reject) => {
    bench.client("pact.shell.ShellService").ListCommands({}, as(viewer), { deadline: Date.now() + 5000 }, (error, answer) => (error === null ? resolve(answer?.commands ?? []) : reject(error)));
  });
  assert.is(commands.length, 38);
  assert.ok(commands.every(({ description }) => description !== ""));
});

test.run();
