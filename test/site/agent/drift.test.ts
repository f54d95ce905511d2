// Drift of a virtual node, observed for real: noticed within a second, told once, gone after a commit.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { HOST, NODE, nodeState, openBench, until, type Bench } from "./support/agents.ts";

let bench: Bench;
test.before(async () => { bench = await openBench({ nodes: ["virtual", "host"] }); });
test.after(async () => { await bench.close(); });

const file = (path: string): string => join(bench.dir, "nodes", NODE, "root", path);
const told = () => bench.journal.entries.filter((entry) => entry.entry_type === "ENTRY_TYPE_DRIFT_DETECTED" && entry.scope?.node_id === NODE);
const drift = async (applied?: string) => (await nodeState(bench, { drift: true, ...(applied === undefined ? {} : { applied }) })).drift;

test("nodes start without drift", async () => {
  assert.is((await drift())?.count, 0);
  assert.is((await nodeState(bench, { drift: true }, HOST)).observe_only, true);
  assert.equal(told(), []);
});

test("a new, a changed and a missing file and a setting are noticed within a second, in one entry", async () => {
  const start = performance.now();
  writeFileSync(file("etc/new.conf"), "x");
  writeFileSync(file("etc/hosts"), "changed");
  rmSync(file("etc/fstab"));
  writeFileSync(file("proc/sys/vm/swappiness"), "7\n");
  await until("the entry", () => told().at(-1)?.policy_ref === "drift:4", 3000);
  assert.ok(performance.now() - start < 1500, "the first report came within a second, the whole at most one later");
  const delta = told().at(-1)?.state_delta;
  assert.equal(delta?.files.map(({ path, action }) => [path, action]), [
    ["/etc/fstab", "DELTA_ACTION_REMOVE"], ["/etc/hosts", "DELTA_ACTION_MODIFY"], ["/etc/new.conf", "DELTA_ACTION_ADD"],
  ]);
  const hosts = delta?.files[1];
  assert.match(hosts?.content_hash ?? "", /^[0-9a-f]{64}$/);
  assert.match(hosts?.actual_hash ?? "", /^[0-9a-f]{64}$/);
  assert.is.not(hosts?.content_hash, hosts?.actual_hash);
  assert.is(delta?.files[0]?.actual_hash, undefined);
  assert.is(delta?.files[2]?.content_hash, undefined);
  assert.equal(delta?.kernel.map(({ key, actual_value }) => [key, actual_value]), [["vm.swappiness", "7"]]);
});

test("unchanged drift is not told again; what is asked for is fresh", async () => {
  const before = told().length;
  writeFileSync(file("etc/hosts"), "changed");
  assert.is((await drift())?.count, 4);
  assert.is(told().length, before);
  writeFileSync(file("etc/other.conf"), "y");
  assert.is((await drift())?.count, 5, "no event is waited for");
  const state = await nodeState(bench, { drift: true, window: true, capability: true });
  assert.is(state.window?.state, "open");
  assert.ok((state.drift?.magnitude ?? 0) > 4);
  assert.ok((state.capability?.cpu?.logical_cores ?? 0) > 0);
  assert.ok(Number(state.capability?.memory?.total_bytes) > 1e6);
});

test("many changes at once are at most one entry a second", async () => {
  await until("the entry", () => told().at(-1)?.policy_ref === "drift:5");
  const before = told().length;
  const start = performance.now();
  for (let n = 0; n < 40; n++) {
    writeFileSync(file("etc/hosts"), `changed ${n}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  const final = await drift();
  await until("the last state", () => told().at(-1)?.state_delta?.files.find(({ path }) => path === "/etc/hosts")?.actual_hash === final?.delta?.files.find(({ path }) => path === "/etc/hosts")?.actual_hash);
  assert.ok(told().length - before <= 1 + Math.ceil((performance.now() - start) / 1000));
});

test("after a commit of what was seen there is no drift, and an entry says so", async () => {
  const seen = await drift();
  const sequence = bench.journal.add({ entry_type: "ENTRY_TYPE_COMMIT", scope: { node_id: NODE }, state_delta: seen?.delta ?? null });
  assert.is((await drift(sequence))?.count, 0, "reading one's own write");
  await until("the entry", () => told().at(-1)?.policy_ref === "drift:none");
  assert.equal(told().at(-1)?.state_delta?.files, []);
  assert.is((await nodeState(bench, { window: true })).window?.state, "idle");
});

test("a commit of a part leaves the rest; other scopes change nothing", async () => {
  writeFileSync(file("etc/one"), "1");
  writeFileSync(file("etc/two"), "2");
  const seen = await until("both", async () => { const now = await drift(); return now?.count === 2 ? now : undefined; });
  bench.journal.add({ entry_type: "ENTRY_TYPE_COMMIT", scope: { node_id: "node-009" }, state_delta: seen.delta ?? null });
  const delta = { mounts: [], network: [], services: [], packages: [], gpu: [], kernel: [], files: seen.delta?.files.slice(0, 1) ?? [] };
  const sequence = bench.journal.add({ entry_type: "ENTRY_TYPE_COMMIT", scope: { node_id: NODE }, state_delta: delta });
  assert.equal((await drift(sequence))?.delta?.files.map(({ path }) => path), ["/etc/two"]);
});

test("after a restart the drift is seen again but not told again, and replayed commits count once", async () => {
  await until("it was told", () => told().at(-1)?.policy_ref === "drift:1");
  const before = told().length;
  await bench.restart();
  assert.equal((await drift())?.delta?.files.map(({ path }) => path), ["/etc/two"]);
  const sequence = bench.journal.add({ entry_type: "ENTRY_TYPE_COMMIT", scope: { node_id: NODE }, policy_ref: "nothing" });
  assert.is((await drift(sequence))?.count, 1);
  assert.is(told().length, before);
  rmSync(file("etc/two"));
  await until("gone by itself", () => told().at(-1)?.policy_ref === "drift:none");
});

test("waiting for an entry that does not come ends with the caller's deadline", async () => {
  const { as, viewer } = await import("./support/agents.ts");
  const client = bench.client("pact.site.NodeStateService");
  const error = await new Promise<{ code?: number } | null>((resolve) => {
    client.GetNodeState({ applied: "999999" }, as(viewer), { deadline: Date.now() + 300 }, (thrown) => resolve(thrown));
  });
  assert.is(error?.code, 4);
});

test("the window closes by the clock, and is extended while it is open", async () => {
  const { as, ops } = await import("./support/agents.ts");
  writeFileSync(file("etc/three"), "3");
  await until("open", async () => (await nodeState(bench, { window: true })).window?.state === "open");
  const remaining = (await nodeState(bench, { window: true })).window?.remaining_seconds ?? 0;
  assert.ok(remaining > 290 && remaining <= 300, `900 / (1 + 1 × 2) s, got ${remaining}`);
  const extend = (additional_minutes: number) => new Promise<{ error: unknown; left: number | undefined }>((resolve) => {
    bench.client("pact.shell.ShellService").ExtendCommitWindow({ additional_minutes }, as(ops), { deadline: Date.now() + 5000 }, (error, answer) =>
      resolve({ error, left: answer?.new_deadline_seconds }));
  });
  assert.ok((await extend(0)).error);
  assert.ok((await extend(1441)).error);
  assert.ok(((await extend(10)).left ?? 0) > 880);
  bench.clock.advance(3_600_000);
  assert.is((await nodeState(bench, { window: true })).window?.state, "expired");
  assert.ok((await extend(10)).error);
});

test.run();
