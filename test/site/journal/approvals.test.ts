// Two-person approval: kept, decided by another person, carried out once as the requester; and the stock way of it.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { status } from "@grpc/grpc-js";
import type { Caller } from "../../../src/site/parts.ts";
import { ADMIN, ADMIN_TOO, AGENT, AI, OPS, REG_A, REG_B, VIEWER, all, as, call, refusal, withJournal } from "./support.ts";
import type { Opened } from "./support.ts";

const SECRET = { vcluster_id: "sensitive-compute" };
const COMMIT = { entry_type: "ENTRY_TYPE_COMMIT", scope: SECRET, policy_ref: "tune" } as const;
const identity = (caller: Caller) => ({ principal: caller.principal, principal_type: caller.principalType, role: caller.role });
const decide = (j: Opened, who: Caller, approval_id: string, decision = "approved", reason = "") =>
  call(j, "policy", "DecideApproval", { approval_id, approver: identity(who), decision, reason }, as(who));
const list = async (j: Opened, who = ADMIN, request = {}) => (await call(j, "policy", "ListPendingApprovals", request, as(who))).approvals;

/** Asks for a write that needs a second person; answers the approval's id. */
async function ask(j: Opened, who: Caller, entry: object = COMMIT, more = {}): Promise<string> {
  const refused = await refusal(j.append(who, entry, more));
  assert.equal([refused.code, refused.failure], [status.FAILED_PRECONDITION, "approval-required"]);
  assert.equal(refused.metadata.get("pact-approval-executes"), ["1"]);
  const id = String(refused.metadata.get("pact-approval-id")[0]);
  assert.match(id, /^ap-[0-9a-f]{8}$/);
  return id;
}

test("a commit waits, another person accepts it, and it is appended once as the requester", withJournal("embedded", async (j) => {
  const id = await ask(j, REG_A, COMMIT, { request_id: "r" });
  const [pending] = await list(j, REG_B);
  assert.equal([pending?.approval_id, pending?.status, pending?.requester, pending?.scope, pending?.action], [id, "Pending", "reg-a", "vc:sensitive-compute", "commit: tune"]);
  assert.is(Number(pending?.expires_at?.seconds) - Number(pending?.created_at?.seconds), 1800);
  assert.is(await ask(j, REG_A, COMMIT, { request_id: "r" }), id);
  assert.equal(await decide(j, REG_B, id).then(({ success }) => success), true);
  const entries = await all(j.config.ListEntries({}, as(ADMIN)));
  assert.equal(entries.map((e) => [e.entry_type, e.author?.principal, e.policy_ref]), [
    ["ENTRY_TYPE_PENDING_APPROVAL", "reg-a", `approval:${id}:commit: tune`],
    ["ENTRY_TYPE_COMMIT", "reg-a", "tune"],
  ]);
  assert.is(await j.append(REG_A, COMMIT, { request_id: "r" }), 1);
  assert.match((await decide(j, ADMIN, id)).error ?? "", /already Approved/);
  assert.is((await all(j.config.ListEntries({}, as(ADMIN)))).length, 2);
}));

test("platform admin waits too, agents and other types of entry do not", withJournal("embedded", async (j) => {
  await j.node("node-s", "sensitive-compute");
  await ask(j, ADMIN);
  await ask(j, ADMIN, { entry_type: "ENTRY_TYPE_ROLLBACK", scope: SECRET, parent: 0 });
  await ask(j, REG_A, { ...COMMIT, scope: { node_id: "node-s" } });
  await ask(j, ADMIN, { entry_type: "ENTRY_TYPE_SERVICE_LIFECYCLE", scope: { node_id: "node-s" }, policy_ref: "delegate:lattice:drain:node-s" });
  await j.append(ADMIN, { entry_type: "ENTRY_TYPE_SERVICE_LIFECYCLE", scope: { node_id: "node-s" }, policy_ref: "delegate:lattice:undrain:node-s" });
  await j.append(ADMIN, { entry_type: "ENTRY_TYPE_EXEC_LOG", scope: SECRET });
  await j.append(AGENT, { entry_type: "ENTRY_TYPE_AUTO_CONVERGE", scope: { node_id: "node-s" } });
  await j.append(OPS, { ...COMMIT, scope: { vcluster_id: "ml-training" } });
}));

test("the requester, viewers, other vClusters' people and machines cannot decide", withJournal("embedded", async (j) => {
  const id = await ask(j, REG_A);
  const self = await decide(j, REG_A, id);
  assert.is(self.success, false);
  assert.match(self.error ?? "", /SELF_APPROVAL/);
  assert.match((await decide(j, REG_A, id, "rejected")).error ?? "", /SELF_APPROVAL/);
  for (const who of [OPS, VIEWER, AI, { ...REG_B, principalType: "Service" as const }, { ...REG_B, role: "pact-regulated-ml-training" }]) {
    assert.is((await refusal(decide(j, who, id))).code, status.PERMISSION_DENIED, who.role);
  }
  const forged = call(j, "policy", "DecideApproval", { approval_id: id, approver: identity(REG_B), decision: "approved" }, as(REG_A));
  assert.is((await refusal(forged)).code, status.PERMISSION_DENIED);
  assert.is((await refusal(decide(j, REG_B, id, "maybe"))).code, status.INVALID_ARGUMENT);
  assert.match((await decide(j, REG_B, "ap-00000000")).error ?? "", /not found/);
  assert.equal(await list(j, OPS), []);
  assert.is((await list(j, REG_B))[0]?.status, "Pending");
}));

test("a denial keeps its reason for the requester, and nothing is appended", withJournal("embedded", async (j) => {
  const id = await ask(j, REG_A, COMMIT, { request_id: "r" });
  assert.is((await decide(j, REG_B, id, "rejected", "not today")).success, true);
  const refused = await refusal(j.append(REG_A, COMMIT, { request_id: "r" }));
  assert.is(refused.failure, "policy");
  assert.match(refused.details, /denied by reg-b: not today/);
  assert.is((await list(j))[0]?.status, "Rejected");
}));

test("an approval expires after 30 minutes by the clock, restart or not", withJournal("embedded", async (j) => {
  const id = await ask(j, REG_A, COMMIT, { request_id: "r" });
  j.clock.advance(30 * 60_000);
  assert.is((await list(j))[0]?.status, "Pending");
  const later = await j.again();
  try {
    j.clock.advance(1);
    assert.is((await list(later))[0]?.status, "Expired");
    assert.match((await decide(later, REG_B, id)).error ?? "", /already Expired/);
    assert.is((await refusal(later.append(REG_A, COMMIT, { request_id: "r" }))).failure, "policy");
  } finally {
    await later.stop();
  }
}));

test("what the head has moved away from is not carried out, and both are told", withJournal("embedded", async (j) => {
  const first = await ask(j, REG_A);
  await decide(j, REG_B, first);
  const head = 1;
  const a = await ask(j, REG_A, COMMIT, { expected_head: head, request_id: "a" });
  const b = await ask(j, REG_B, COMMIT, { expected_head: head });
  assert.is((await decide(j, REG_B, a)).success, true);
  const late = await decide(j, REG_A, b);
  assert.is(late.success, false);
  assert.match(late.error ?? "", /reg-a changed it/);
}));

test("an emergency waits for nobody", withJournal("embedded", async (j) => {
  await j.append(ADMIN, { entry_type: "ENTRY_TYPE_EMERGENCY_START", scope: SECRET, emergency_reason: "fire" });
  assert.is(await j.append(REG_A, COMMIT), 1);
}));

test("changing the policy takes two as well, and is carried out", withJournal("embedded", async (j) => {
  const policy = { base_commit_window_seconds: 60, enforcement_mode: "enforce", two_person_approval: true };
  const request = { vcluster_id: "sensitive-compute", policy, author: identity(ADMIN), message: "tighter" };
  const refused = await refusal(call(j, "policy", "UpdatePolicy", request, as(ADMIN)));
  const id = String(refused.metadata.get("pact-approval-id")[0]);
  assert.is((await decide(j, ADMIN_TOO, id)).success, true);
  const now = await call(j, "policy", "GetEffectivePolicy", SECRET, as(ADMIN));
  assert.equal([now.base_commit_window_seconds, now.enforcement_mode], [60, "enforce"]);
  assert.is((await all(j.config.ListEntries({ last: 1 }, as(ADMIN))))[0]?.policy_ref, "tighter");
}));

test("one person cannot pile up requests without end", withJournal("embedded", async (j) => {
  await Promise.all(Array.from({ length: 100 }, () => ask(j, REG_A)));
  assert.is((await refusal(j.append(REG_A, COMMIT))).code, status.RESOURCE_EXHAUSTED);
  await ask(j, REG_B);
}));

test("a stock journal approves through Evaluate, by the body alone, and carries nothing out", withJournal("real", async (j) => {
  await j.append(REG_A, COMMIT);
  const evaluate = () => call(j, "policy", "Evaluate", { author: identity(REG_A), scope: SECRET, action: "commit" }, as(OPS));
  const { authorized, policy_ref, approval } = await evaluate();
  assert.equal([authorized, policy_ref, approval?.approval_type], [false, "rbac:deferred:commit", "two_person"]);
  const other = await evaluate();
  assert.is.not(other.approval?.pending_approval_id, approval?.pending_approval_id);
  j.clock.advance(48 * 3600_000);
  const shown = await list(j, OPS, { scope_filter: "sensitive-compute" });
  assert.equal(shown.map(({ status, requester }) => [status, requester]), [["Pending", "reg-a"], ["Pending", "reg-a"]]);
  assert.equal(await list(j, OPS, { scope_filter: "" }), []);
  const id = approval?.pending_approval_id ?? "";
  assert.match((await decide(j, REG_A, id)).error ?? "", /SELF_APPROVAL/);
  assert.is((await decide(j, VIEWER, id)).success, true);
  assert.is((await all(j.config.ListEntries({}, as(OPS)))).length, 1);
}));

test.run();
