// Enrollment on the embedded site: the state machine, who may do what to which node, and the site's own nodes.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { status } from "@grpc/grpc-js";
import { ADMIN, AI, OPS, REG_A, VIEWER, as, call, refusal, withJournal } from "./support.ts";
import type { Opened } from "./support.ts";

const register = (j: Opened, node_id: string, mac_address: string, who = OPS, bmc_serial = "") =>
  call(j, "enrollment", "RegisterNode", { node_id, hardware_identity: { mac_address, bmc_serial } }, as(who));
const inspect = (j: Opened, node_id: string, who = ADMIN) => call(j, "enrollment", "InspectNode", { node_id }, as(who));
const names = async (j: Opened, who = ADMIN, request = {}) => (await call(j, "enrollment", "ListNodes", request, as(who))).nodes.map(({ node_id }) => node_id);

test("a node goes from registered to assigned, moved, unassigned and revoked for good", withJournal("embedded", async (j) => {
  assert.is((await register(j, "node-100", "AA-BB-CC-00-00-01")).enrollment_state, "Registered");
  const fresh = await inspect(j, "node-100");
  assert.equal([fresh.hardware_identity?.mac_address, fresh.vcluster_id, fresh.enrolled_by, fresh.enrolled_at, fresh.last_seen], ["aa:bb:cc:00:00:01", "", "ops", "2026-01-01T00:00:00.000Z", ""]);
  await call(j, "enrollment", "AssignNode", { node_id: "node-100", vcluster_id: "ml-training" }, as(OPS));
  assert.equal(await call(j, "enrollment", "MoveNode", { node_id: "node-100", to_vcluster_id: "dev-sandbox" }, as(ADMIN)), { node_id: "node-100", from_vcluster_id: "ml-training", to_vcluster_id: "dev-sandbox" });
  await call(j, "enrollment", "UnassignNode", { node_id: "node-100" }, as(ADMIN));
  assert.is((await call(j, "enrollment", "DecommissionNode", { node_id: "node-100" }, as(ADMIN))).enrollment_state, "Revoked");
  assert.is((await call(j, "enrollment", "DecommissionNode", { node_id: "node-100" }, as(ADMIN))).enrollment_state, "Revoked");
  const again = await refusal(register(j, "node-100", "aa:bb:cc:00:00:99"));
  assert.equal([again.code, again.failure], [status.ALREADY_EXISTS, "conflict"]);
  assert.match(again.details, /NODE_ALREADY_ENROLLED/);
  assert.is((await refusal(call(j, "enrollment", "AssignNode", { node_id: "node-100", vcluster_id: "ml-training" }, as(ADMIN)))).failure, "precondition");
}));

test("hardware belongs to one node, and bad addresses and names are refused", withJournal("embedded", async (j) => {
  await register(j, "node-100", "aa:bb:cc:00:00:01");
  assert.match((await refusal(register(j, "node-101", "AA:BB:CC:00:00:01", OPS, "serial"))).details, /HARDWARE_IDENTITY_CONFLICT: "node-100"/);
  for (const mac of ["", "aa:bb", "aa:bb:cc:00:00:0g", "aa:bb:cc:00:00:01:02"]) assert.is((await refusal(register(j, "node-102", mac))).code, status.INVALID_ARGUMENT, mac);
  for (const id of ["", "../x", "-a", "x".repeat(64)]) assert.is((await refusal(register(j, id, "aa:bb:cc:00:00:02"))).code, status.INVALID_ARGUMENT, id);
  assert.is((await refusal(call(j, "enrollment", "RegisterNode", { node_id: "n" }, as(OPS)))).code, status.INVALID_ARGUMENT);
}));

test("a batch goes on past those it refuses, and is refused whole without the role", withJournal("embedded", async (j) => {
  const nodes = ["01", "02", "01", "xx"].map((end, n) => ({ node_id: `node-20${n}`, hardware_identity: { mac_address: `aa:bb:cc:00:00:${end}` } }));
  const { succeeded, failed, results } = await call(j, "enrollment", "BatchRegisterNodes", { nodes }, as(OPS));
  assert.equal([succeeded, failed, results.map(({ success }) => success)], [2, 2, [true, true, false, false]]);
  assert.is((await refusal(call(j, "enrollment", "BatchRegisterNodes", { nodes }, as(VIEWER)))).code, status.PERMISSION_DENIED);
  assert.is((await call(j, "enrollment", "BatchRegisterNodes", { nodes }, as(OPS))).succeeded, 0);
}));

test("operators act in their vCluster and on unassigned nodes only, viewers and AI on none", withJournal("embedded", async (j) => {
  await j.node("mine", "ml-training");
  await j.node("theirs", "dev-sandbox");
  await register(j, "free", "aa:bb:cc:00:00:01", ADMIN);
  const denied = async (promise: Promise<unknown>) => assert.is((await refusal(promise)).code, status.PERMISSION_DENIED);
  const assign = (node_id: string, vcluster_id: string, who = OPS) => call(j, "enrollment", "AssignNode", { node_id, vcluster_id }, as(who));
  for (const who of [VIEWER, AI]) {
    await denied(register(j, "n", "aa:bb:cc:00:00:02", who));
    await denied(assign("free", "ml-training", who));
    await denied(call(j, "enrollment", "DecommissionNode", { node_id: "mine" }, as(who)));
    await denied(call(j, "enrollment", "UnassignNode", { node_id: "mine" }, as(who)));
  }
  await denied(assign("free", "dev-sandbox"));
  await denied(assign("theirs", "ml-training"));
  await denied(call(j, "enrollment", "MoveNode", { node_id: "mine", to_vcluster_id: "dev-sandbox" }, as(OPS)));
  await denied(call(j, "enrollment", "MoveNode", { node_id: "theirs", to_vcluster_id: "ml-training" }, as(OPS)));
  await denied(call(j, "enrollment", "UnassignNode", { node_id: "theirs" }, as(OPS)));
  await denied(call(j, "enrollment", "DecommissionNode", { node_id: "theirs" }, as(OPS)));
  await assign("free", "ml-training");
  await call(j, "enrollment", "UnassignNode", { node_id: "mine" }, as(OPS));
  await call(j, "enrollment", "DecommissionNode", { node_id: "mine" }, as(OPS));
  assert.is((await refusal(assign("free", "no-such", ADMIN))).code, status.NOT_FOUND);
  const unknown = await refusal(assign("nobody", "ml-training", ADMIN));
  assert.match(unknown.details, /NODE_NOT_ENROLLED/);
}));

test("lists are sorted, filtered, and show what the role may see", withJournal("embedded", async (j) => {
  await j.node("b", "ml-training");
  await j.node("a", "ml-training");
  await j.node("c", "sensitive-compute");
  await register(j, "free", "aa:bb:cc:00:00:01", ADMIN);
  assert.equal(await names(j), ["a", "b", "c", "free"]);
  assert.equal(await names(j, OPS), ["a", "b", "free"]);
  assert.equal(await names(j, VIEWER), ["a", "b"]);
  assert.equal(await names(j, REG_A), ["c", "free"]);
  assert.equal(await names(j, ADMIN, { vcluster_filter: "ml-training" }), ["a", "b"]);
  assert.equal(await names(j, ADMIN, { unassigned_only: true }), ["free"]);
  assert.equal(await names(j, ADMIN, { state_filter: "REGISTERED" }), ["free"]);
  j.clock.advance(301_000);
  assert.equal(await names(j, ADMIN, { state_filter: "inactive" }), ["a", "b", "c"]);
}));

test("the site's nodes are enrolled once; what an operator changed since survives the next start", withJournal("embedded", async (j) => {
  const own = { nodeId: "node-001", vcluster: "ml-training", macAddress: "02:00:00:00:00:01", endpoint: "http://127.77.0.1:1", observeOnly: false };
  const records = async () => Number(/pact_raft_log_entries (\d+)/.exec(await (await fetch(`${j.handle.http}/metrics`)).text())?.[1]);
  await j.handle.ensureNode(own);
  await j.node("other");
  const before = await records();
  await Promise.all([j.handle.ensureNode(own), j.handle.ensureNode(own)]);
  assert.is(await records(), before);
  await call(j, "enrollment", "MoveNode", { node_id: "node-001", to_vcluster_id: "dev-sandbox" }, as(ADMIN));
  await j.handle.ensureNode({ ...own, endpoint: "http://127.77.0.1:2" });
  const moved = await inspect(j, "node-001");
  assert.equal([moved.vcluster_id, moved.agent_endpoint, moved.enrollment_state], ["dev-sandbox", "http://127.77.0.1:2", "Active"]);
  await j.handle.ensureNode({ ...own, vcluster: "sensitive-compute" });
  assert.is((await inspect(j, "node-001")).vcluster_id, "sensitive-compute");
  await call(j, "enrollment", "DecommissionNode", { node_id: "node-001" }, as(ADMIN));
  await j.handle.ensureNode(own);
  assert.is((await inspect(j, "node-001")).enrollment_state, "Revoked");
}));

test("certificates are not offered, and the answer says so", withJournal("embedded", async (j) => {
  for (const refused of [call(j, "enrollment", "Enroll", {}, as(ADMIN)), call(j, "enrollment", "RenewCert", {}, as(ADMIN))]) {
    const { code, failure, details } = await refusal(refused);
    assert.equal([code, failure], [status.UNIMPLEMENTED, "unsupported"]);
    assert.match(details, /certificate authority/);
  }
}));

test.run();
