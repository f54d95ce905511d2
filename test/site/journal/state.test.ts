// What the journal says of nodes, and that a restart says the same: the fold is a function of the log.
import { test } from "uvu";
import * as assert from "uvu/assert";
import fc from "fast-check";
import { rmSync } from "node:fs";
import { status } from "@grpc/grpc-js";
import { testClock } from "../../../src/site/clock.ts";
import { Journal } from "../../../src/site/journal/journal.ts";
import { append } from "../../../src/site/journal/append.ts";
import { ensure, assign } from "../../../src/site/journal/enroll.ts";
import { Refusal } from "../../../src/site/journal/refusal.ts";
import { verifyJournal } from "../../../src/site/journal/verify.ts";
import { ADMIN, AGENT, CONFIG, KERNEL, OPS, VC, as, call, refusal, tempDir, withJournal } from "./support.ts";
import type { Opened } from "./support.ts";

const NODE = { node_id: "node-001" };
const overview = async (j: Opened) => {
  const { overview: found } = await call(j, "enrollment", "InspectNode", NODE, as(ADMIN));
  const { config_state } = await call(j, "config", "GetNodeState", NODE, as(ADMIN));
  assert.is(found?.config_state, config_state);
  return found;
};
const DRIFT = { entry_type: "ENTRY_TYPE_DRIFT_DETECTED", scope: NODE } as const;
const COMMIT = { entry_type: "ENTRY_TYPE_COMMIT", scope: NODE } as const;

test("drift shows until a commit or a report without drift, with its count and weighted magnitude", withJournal("embedded", async (j) => {
  await j.node("node-001");
  assert.is((await overview(j))?.config_state, "Committed");
  const state_delta = { kernel: [{ key: "a" }, { key: "b" }], files: [{ path: "/etc/x" }] };
  await j.append(AGENT, { ...DRIFT, state_delta });
  const drifted = await overview(j);
  assert.equal([drifted?.config_state, drifted?.drift_count, drifted?.drift_magnitude], ["Drifted", 3, Math.sqrt(2 * 4 + 1)]);
  await j.append(AGENT, { ...DRIFT, state_delta: {} });
  assert.is((await overview(j))?.config_state, "Committed");
  await j.append(AGENT, { ...DRIFT, state_delta });
  const head = await j.append(OPS, { ...COMMIT, state_delta });
  const committed = await overview(j);
  assert.equal([committed?.config_state, committed?.drift_count, committed?.head], ["Committed", 0, String(head)]);
}));

test("own deltas count until the vCluster covers them key by key, and expire by the clock", withJournal("embedded", async (j) => {
  await j.node("node-001");
  await j.append(OPS, { ...COMMIT, state_delta: { kernel: [{ key: "a" }, { key: "b" }] } });
  await j.append(OPS, { ...COMMIT, state_delta: KERNEL("c", "1"), ttl: { seconds: 900 } });
  await j.append(OPS, { ...COMMIT, policy_ref: "no delta" });
  const counts = async () => {
    const found = await overview(j);
    return [found?.local_deltas, found?.expired_deltas];
  };
  assert.equal(await counts(), [2, 0]);
  j.clock.advance(900_000);
  assert.equal(await counts(), [2, 1]);
  await j.append(OPS, { ...COMMIT, scope: VC, state_delta: { kernel: [{ key: "a" }], files: [{ path: "b" }] } });
  assert.equal(await counts(), [2, 1]);
  await j.append(OPS, { ...COMMIT, scope: VC, state_delta: { kernel: [{ key: "b" }] } });
  assert.equal(await counts(), [1, 1]);
  await j.append(OPS, { entry_type: "ENTRY_TYPE_ROLLBACK", scope: NODE, parent: 0 });
  assert.equal(await counts(), [0, 0]);
}));

test("an emergency shows on its nodes, there is one at a time, and it needs a reason", withJournal("embedded", async (j) => {
  await j.node("node-001");
  await j.node("host", "ml-training", true);
  const START = { entry_type: "ENTRY_TYPE_EMERGENCY_START", scope: VC } as const;
  const END = { entry_type: "ENTRY_TYPE_EMERGENCY_END", scope: VC } as const;
  assert.is((await refusal(j.append(OPS, { ...START, emergency_reason: "  " }))).code, status.INVALID_ARGUMENT);
  assert.is((await refusal(j.append(OPS, END))).failure, "precondition");
  await j.append(OPS, { ...START, emergency_reason: "fire" });
  const now = await overview(j);
  assert.equal([now?.config_state, now?.emergency?.reason, now?.emergency?.by], ["Emergency", "fire", "ops"]);
  assert.is((await call(j, "config", "GetNodeState", { node_id: "host" }, as(ADMIN))).config_state, "ObserveOnly");
  assert.match((await refusal(j.append(ADMIN, { ...START, emergency_reason: "more" }))).details, /started by ops/);
  await j.append(ADMIN, END);
  assert.is((await overview(j))?.config_state, "Committed");
  const policy = { vcluster_id: "ml-training", base_commit_window_seconds: 900, enforcement_mode: "observe", emergency_allowed: false };
  await call(j, "policy", "UpdatePolicy", { vcluster_id: "ml-training", policy }, as(ADMIN));
  assert.is((await refusal(j.append(OPS, { ...START, emergency_reason: "fire" }))).failure, "policy");
}));

test("a node without a heartbeat for 300 seconds is Inactive until the next one", withJournal("embedded", async (j) => {
  await j.node("node-001");
  const state = async () => (await call(j, "enrollment", "InspectNode", NODE, as(ADMIN))).enrollment_state;
  j.clock.advance(300_000);
  assert.is(await state(), "Active");
  j.clock.advance(1);
  assert.is(await state(), "Inactive");
  j.handle.heartbeat("node-001");
  assert.is(await state(), "Active");
  j.handle.heartbeat("nobody");
}));

/** A step of a random history; refused ones change nothing. */
const NODES = ["node-001", "node-002", "node-003"];
const scopes = fc.constantFrom("global", "vc:ml-training", "vc:dev-sandbox", ...NODES.map((node) => `node:${node}`)) as fc.Arbitrary<"global">;
const keys = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 3 });
const step = fc.record({
  type: fc.integer({ min: 1, max: 13 }), scope: scopes, keys, ttl: fc.constantFrom(null, 0, 900), parent: fc.option(fc.nat(40)),
  request: fc.constantFrom("", "r1", "r2"), move: fc.option(fc.constantFrom("ml-training", "dev-sandbox"), { freq: 5 }), later: fc.nat(1000),
});

test("whatever happened, a restart rebuilds the same state, and the chains verify", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const dir = tempDir();
      const clock = testClock(Date.UTC(2026, 0, 1), 0);
      const journal = Journal.open({ dir, clock, config: CONFIG, profile: "embedded" });
      for (const [n, nodeId] of NODES.entries()) ensure(journal, { nodeId, vcluster: "ml-training", macAddress: `02:00:00:00:00:0${n}`, endpoint: "", observeOnly: false });
      for (const one of steps) {
        clock.advance(one.later * 1000);
        const delta = { mounts: [], files: [], network: [], services: [], packages: [], gpu: [], kernel: one.keys.map((key) => ({ key, action: "DELTA_ACTION_MODIFY" as const })) };
        const draft = { type: one.type, scope: one.scope, author: ADMIN, parent: one.parent, delta, policy_ref: "", ttl_s: one.ttl, emergency_reason: "r" };
        try {
          if (one.move !== null) assign(journal, ADMIN, NODES[one.later % 3] ?? "", one.move);
          append(journal, ADMIN, { draft, expectedHead: null, requestId: one.request });
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
        }
      }
      const before = journal.state;
      await journal.close();
      const after = Journal.open({ dir, clock, config: CONFIG, profile: "embedded" });
      try {
        assert.equal(after.state, before);
        assert.is(after.store.entries, before.next);
      } finally {
        await after.close();
      }
      assert.equal(await verifyJournal(dir), { entries: before.next, audit: 0, problems: [] });
      rmSync(dir, { recursive: true });
    }),
    { numRuns: 25 },
  );
});

test.run();
