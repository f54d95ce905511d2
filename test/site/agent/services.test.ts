// Services of a virtual node, run for real in its namespace: started in order, stopped,
// restarted, their logs, and what the agent answers in place of systemctl and journalctl.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { as, exec, failureOf, namespacesMissing, NODE, nodeState, openBench, ops, processesWith, until, viewer, type Bench } from "./support/agents.ts";

const missing = await namespacesMissing();
const inNamespace = missing === null ? test : test.skip;
let bench: Bench;
test.before(async () => { if (missing === null) bench = await openBench({ nodes: ["virtual", "host"] }); });
test.after(async () => { await bench?.close(); });

const root = (path: string): string => join(bench.dir, "nodes", NODE, "root", path);
const define = (text: string): void => writeFileSync(root("run/pact/services.toml"), text);
const services = async () => (await nodeState(bench, { services: true })).services;
const service = async (name: string) => (await services()).find((one) => one.name === name);
const states = async () => (await services()).map(({ name, state }) => `${name} ${state}`);
const lifecycle = () => bench.journal.texts("ENTRY_TYPE_SERVICE_LIFECYCLE");
const out = async (words: readonly string[], caller = ops) => exec(bench, caller, words);
const bash = (name: string, script: string, more = ""): string => `[services.${name}]\nbinary = "bash"\nargs = ["-c", ${JSON.stringify(script)}]\n${more}\n`;

inNamespace("what the file defines is started, and is seen in state, capability, status and list", async () => {
  assert.equal(await services(), []);
  define(bash("ticker", "echo hello from the ticker; exec sleep 86001") + bash("idle", "exec sleep 86002", 'state = "stopped"'));
  await until("it runs", async () => (await states()).join() === "idle Stopped,ticker Running");
  const state = await nodeState(bench, { services: true, capability: true });
  assert.equal(state.services.map(({ name, restart_count }) => [name, restart_count]), [["idle", 0], ["ticker", 0]]);
  assert.equal(state.capability?.software?.services, state.services);
  assert.equal(state.capability?.supervisor, { backend: "pact", services_declared: 2, services_running: 1, services_failed: 0 });
  const pid = state.services[1]?.pid ?? 0;
  assert.match((await exec(bench, viewer, ["ps", "-p", String(pid), "-o", "args="])).stdout.toString(), /^sleep 86001$/m, "the pid is the node's");
  const status = await out(["systemctl", "status", "ticker"], viewer);
  assert.is(status.exitCode, 0);
  assert.match(status.stdout.toString(), new RegExp(`^● ticker\\.service - bash -c .*\\n.*\\n +Active: active \\(running\\) since .* UTC; \\d+s ago\\n +Main PID: ${pid}\\n +Restarts: 0\\n$`));
  assert.is((await out(["systemctl", "status", "idle"])).exitCode, 3);
  assert.match((await out(["systemctl"])).stdout.toString(), /^ticker\.service loaded active {3}running/m);
});

inNamespace("logs are answered for journalctl and collected for diag, and are a file of the node", async () => {
  await until("it was written", () => readFileSync(root("run/pact/logs/ticker.log"), "utf8") === "hello from the ticker\n");
  assert.is((await out(["journalctl", "-u", "ticker", "-n", "50"], viewer)).stdout.toString(), "hello from the ticker\n");
  assert.is((await out(["journalctl", "--unit=ticker.service", "--lines", "0"])).stdout.toString(), "");
  const chunks: [string, string[]][] = [];
  await new Promise<void>((resolve, reject) => {
    const call = bench.client("pact.shell.ShellService").CollectDiag({ source_filter: "service", line_limit: 10 }, as(ops), { deadline: Date.now() + 5000 });
    call.on("data", ({ source, lines }) => void chunks.push([source, lines]));
    call.on("error", reject);
    call.on("end", resolve);
  });
  assert.equal(chunks, [["service:idle", []], ["service:ticker", ["hello from the ticker"]]]);
  const none = await out(["journalctl", "-u", "nobody"]);
  assert.is(none.exitCode, 1);
  assert.match(none.stderr, /no service nobody/);
});

inNamespace("stop, start and restart do so, are recorded, and open a window; a viewer may not", async () => {
  const before = (await service("ticker"))?.pid;
  const denied = await exec(bench, viewer, ["systemctl", "restart", "ticker"]);
  assert.is(failureOf(denied), "forbidden");
  assert.equal(await out(["systemctl", "restart", "ticker"]).then(({ exitCode, stderr }) => [exitCode, stderr]), [0, ""]);
  const after = await service("ticker");
  assert.is(after?.state, "Running");
  assert.is.not(after?.pid, before);
  assert.is(after?.restart_count, 1);
  assert.is((await out(["systemctl", "stop", "ticker"])).exitCode, 0);
  assert.equal(await states(), ["idle Stopped", "ticker Stopped"]);
  assert.equal(processesWith("sleep 86001"), []);
  assert.is((await out(["systemctl", "start", "ticker", "idle"])).exitCode, 0);
  assert.equal(await states(), ["idle Running", "ticker Running"]);
  assert.equal(lifecycle().map((text) => text.replace(/\d+$/, "N")).sort(), ["service:restart:ticker pid=N", "service:start:idle pid=N", "service:start:ticker pid=N", "service:stop:ticker"]);
  assert.equal(bench.journal.entries.filter(({ entry_type }) => entry_type === "ENTRY_TYPE_SERVICE_LIFECYCLE").map(({ author }) => author?.principal), ["ops", "ops", "ops", "ops"]);
  assert.is((await nodeState(bench, { window: true })).window?.state, "open");
});

test("without a namespace there are no services, and the machine's are not asked", async () => {
  const bare = await openBench({ bare: true });
  try {
    for (const words of [["systemctl", "restart", "ssh"], ["systemctl", "status"], ["journalctl", "-u", "ssh"]]) {
      const end = await exec(bare, ops, words);
      assert.is(failureOf(end), "unsupported", words.join(" "));
      assert.match(end.error?.details ?? "", /no services run there/);
    }
    assert.equal((await nodeState(bare, { services: true, capability: true })).services, []);
  } finally {
    await bare.close();
  }
});

test.run();
