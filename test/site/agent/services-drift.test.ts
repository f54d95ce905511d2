// Services as a dimension of drift: what should run and does not, what runs and should not,
// told within a second, committed, kept over a restart; and restarts after the window.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { exec, failureOf, HOST, namespacesMissing, NODE, nodeState, openBench, ops, until, type Bench } from "./support/agents.ts";

const missing = await namespacesMissing();
const inNamespace = missing === null ? test : test.skip;
let bench: Bench;
test.before(async () => { if (missing === null) bench = await openBench({ nodes: ["virtual", "host"] }); });
test.after(async () => { await bench?.close(); });

const root = (path: string): string => join(bench.dir, "nodes", NODE, "root", path);
const define = (text: string): void => writeFileSync(root("run/pact/services.toml"), text);
const told = () => bench.journal.entries.filter((entry) => entry.entry_type === "ENTRY_TYPE_DRIFT_DETECTED" && entry.scope?.node_id === NODE);
const drift = async (applied?: string) => (await nodeState(bench, { drift: true, ...(applied === undefined ? {} : { applied }) })).drift;
const facts = (delta: { services: readonly { name: string; action: unknown; declared_state?: string; actual_state?: string }[] } | null | undefined) =>
  (delta?.services ?? []).map(({ name, action, declared_state, actual_state }) => [name, String(action).replace("DELTA_ACTION_", ""), declared_state, actual_state]);
const commit = async () => drift(bench.journal.add({ entry_type: "ENTRY_TYPE_COMMIT", scope: { node_id: NODE }, state_delta: (await drift())?.delta ?? null }));
const state = async (name: string) => (await nodeState(bench, { services: true })).services.find((one) => one.name === name)?.state;
const control = (...words: string[]) => exec(bench, ops, ["systemctl", ...words]);
const KEEPER = '[services.keeper]\nbinary = "sleep"\nargs = ["88001"]\n';

inNamespace("a service that somebody planted runs, and is drift within a second", async () => {
  const start = performance.now();
  define(KEEPER);
  await until("the entry", () => told().at(-1)?.policy_ref === "drift:1", 3000);
  assert.ok(performance.now() - start < 1500, "within a second, or one after the report before");
  assert.equal(facts(told().at(-1)?.state_delta), [["keeper", "ADD", undefined, "running"]]);
  assert.is((await nodeState(bench, { drift: true }, HOST)).drift?.delta?.services.length, 0);
  assert.is((await commit())?.count, 0);
});

inNamespace("declared to run and stopped is drift within a second; committed, it stays stopped over a restart of the site", async () => {
  await until("it runs", async () => (await state("keeper")) === "Running");
  await until("the last entry", () => told().at(-1)?.policy_ref === "drift:none");
  const stop = await control("stop", "keeper");
  assert.is(stop.exitCode, 0);
  const start = performance.now();
  await until("the entry", () => told().at(-1)?.policy_ref === "drift:1", 3000);
  assert.ok(performance.now() - start < 1500, "within a second, or one after the report before");
  assert.equal(facts(told().at(-1)?.state_delta), [["keeper", "MODIFY", "running", "stopped"]]);
  assert.is((await commit())?.count, 0);
  await bench.restart();
  assert.is(await state("keeper"), "Stopped", "what is declared wins over the file");
  assert.is((await drift())?.count, 0);
  await control("start", "keeper");
  await until("the opposite", async () => facts((await drift())?.delta).length === 1);
  assert.equal(facts((await drift())?.delta), [["keeper", "MODIFY", "stopped", "running"]]);
  assert.is((await commit())?.count, 0);
});

inNamespace("after a restart of the site what should run runs, without an entry", async () => {
  await until("the last entry", () => told().at(-1)?.policy_ref === "drift:none");
  const before = told().length;
  await bench.restart();
  assert.is((await drift())?.count, 0);
  await until("it runs", async () => (await state("keeper")) === "Running");
  assert.is((await drift())?.count, 0);
  assert.is(told().length, before);
});

inNamespace("one that keeps ending is restarting, not running, and is given up with an entry of the agent", async () => {
  define(`${KEEPER}[services.crash]\nbinary = "false"\n`);
  await until("the entry", () => facts(told().at(-1)?.state_delta).some(([name, , , now]) => name === "crash" && now === "restarting"));
  for (let n = 0; n < 12; n++) {
    await until("it waits or has given up", async () => ["Restarting", "Failed"].includes((await state("crash")) ?? ""));
    bench.clock.advance(61_000);
  }
  await until("given up", async () => (await state("crash")) === "Failed");
  assert.equal(bench.journal.entries.filter(({ entry_type }) => entry_type === "ENTRY_TYPE_SERVICE_LIFECYCLE").slice(-1).map(({ author, policy_ref }) => [author?.principal, policy_ref]), [
    ["pact-agent", "service:failed:crash it ended with exit 1, 11 times in a row"],
  ]);
  assert.equal(facts((await drift())?.delta), [["crash", "ADD", undefined, "failed"]]);
  assert.is((await commit())?.count, 0, "a failed service does what stopped asks for");
});

inNamespace("a definition that is gone is drift until it is committed", async () => {
  define(KEEPER);
  await until("it is noticed", async () => (await drift())?.count === 1);
  assert.equal(facts((await drift())?.delta), [["crash", "REMOVE", "stopped", undefined]]);
  assert.is((await commit())?.count, 0);
});

inNamespace("after the window a restart waits for a commit, where there is something to commit", async () => {
  assert.is((await control("restart", "keeper")).exitCode, 0);
  await until("open", async () => (await nodeState(bench, { window: true })).window?.state === "open");
  bench.clock.advance(3_600_000);
  assert.is((await nodeState(bench, { window: true })).window?.state, "expired");
  assert.is((await control("restart", "keeper")).exitCode, 0, "nothing is left to commit");
  writeFileSync(root("etc/new.conf"), "x");
  await until("open", async () => (await drift())?.count === 1 && told().at(-1)?.policy_ref === "drift:1");
  bench.clock.advance(3_600_000);
  const refused = await control("restart", "keeper");
  assert.is(failureOf(refused), "policy");
  assert.match(refused.error?.details ?? "", /the commit window of node-001 is over and 1 change there is not committed/);
  assert.match(String(refused.error?.metadata.get("pact-hint")[0]), /^pact commit --node node-001/);
  assert.is((await control("status", "keeper")).exitCode, 0);
  await commit();
  assert.is((await control("restart", "keeper")).exitCode, 0);
});

inNamespace("words that the supervisor does not know are refused before anything is done", async () => {
  for (const words of [["enable", "keeper"], ["reload", "keeper"], ["restart"], ["stop", "../x"], ["status", "--failed"], ["-p", "status", "restart", "keeper"]]) {
    const end = await control(...words);
    assert.ok(["unsupported", "invalid"].includes(failureOf(end) ?? ""), words.join(" "));
  }
  for (const words of [["-f", "-u", "keeper"], ["-n", "10"], ["-u", "keeper", "-n", "x"], ["-u", "a/b"]]) {
    assert.ok(["unsupported", "invalid"].includes(failureOf(await exec(bench, ops, ["journalctl", ...words])) ?? ""), words.join(" "));
  }
});

test.run();
