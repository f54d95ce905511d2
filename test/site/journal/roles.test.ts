// Who may do what: the table of roles by itself, and as the services enforce it on the embedded profile.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { status } from "@grpc/grpc-js";
import { defaultPolicy } from "../../../src/site/journal/policy.ts";
import { judge, parseRole } from "../../../src/site/journal/roles.ts";
import type { Caller } from "../../../src/site/parts.ts";
import { ADMIN, AGENT, AI, OPS, REG_A, VC, VIEWER, all, as, call, refusal, until, withJournal } from "./support.ts";

const COMMIT = { entry_type: "ENTRY_TYPE_COMMIT", scope: VC } as const;
const of = (role: string): Caller => ({ principal: "p", principalType: "Human", role });

test("the suffix of a role is the whole name of the vCluster, dashes included", () => {
  assert.equal(parseRole("pact-ops-a-b-c"), { kind: "ops", vcluster: "a-b-c" });
  assert.equal(parseRole("pact-ops-"), { kind: "other" });
  assert.equal(parseRole("pact-service-agent"), { kind: "service-agent" });
  assert.equal(parseRole("pact-platform-admin2"), { kind: "other" });
});

test("the table decides as the contract lists it", () => {
  const two = { ...defaultPolicy("v"), two_person_approval: true };
  const ai = { ...defaultPolicy("v"), ai_exec_allowed: true };
  const bound = {
    ...defaultPolicy("v"),
    role_bindings: [{ role: "dba", principals: ["p"], allowed_actions: ["*"] }, { role: "hero", principals: ["p"], allowed_actions: ["emergency_start"] }],
  };
  const rows: [string, string, string | undefined, ReturnType<typeof defaultPolicy>, string][] = [
    ["pact-platform-admin", "anything", undefined, two, "allow"],
    ["pact-service-ai", "emergency_end", "v", two, "deny"],
    ["pact-ops-v", "commit", undefined, two, "deny"],
    ["pact-ops-w", "status", "v", two, "deny"],
    ["pact-ops-v", "policy_update", "v", two, "deny"],
    ["pact-viewer-v", "diff", "v", two, "allow"],
    ["pact-viewer-v", "commit", "v", two, "deny"],
    ["pact-regulated-v", "commit", "v", two, "approval"],
    ["pact-regulated-v", "commit", "v", defaultPolicy("v"), "allow"],
    ["pact-regulated-v", "approve", "v", two, "allow"],
    ["pact-regulated-v", "emergency_start", "v", two, "deny"],
    ["pact-ops-v", "rollback", "v", two, "allow"],
    ["pact-ops-v", "emergency_end", "v", two, "allow"],
    ["pact-ops-v", "apply", "v", two, "deny"],
    ["pact-service-agent", "log", "v", two, "allow"],
    ["pact-service-agent", "diff", "v", two, "deny"],
    ["pact-service-ai", "exec", "v", two, "deny"],
    ["pact-service-ai", "exec", "v", ai, "allow"],
    ["pact-service-ai", "commit", "v", ai, "deny"],
    ["dba", "commit", "v", bound, "allow"],
    ["dba", "emergency_start", "v", bound, "deny"],
    ["hero", "emergency_start", "v", bound, "allow"],
    ["dba", "commit", "v", two, "deny"],
    ["", "status", "v", two, "deny"],
  ];
  for (const [role, action, vcluster, policy, outcome] of rows) {
    assert.is(judge(of(role), action, vcluster, policy).outcome, outcome, `${role} ${action} ${vcluster}`);
  }
});

test("no token, a wrong form of it, and an expired one are UNAUTHENTICATED with the verifier's words", withJournal("embedded", async (j) => {
  const { Metadata } = await import("@grpc/grpc-js");
  for (const [value, words] of [[undefined, /missing/], ["bearer x", /bearer/], ["Bearer expired", /^token expired$/], ["Bearer !", /^invalid token$/]] as const) {
    const metadata = new Metadata();
    if (value !== undefined) metadata.set("authorization", value);
    const refused = await refusal(call(j, "enrollment", "ListNodes", {}, metadata));
    assert.equal([refused.code, refused.failure], [status.UNAUTHENTICATED, "unauthenticated"]);
    assert.match(refused.details, words);
    assert.is((await refusal(all(j.boot.SubscribeConfigUpdates({}, metadata)))).code, status.UNAUTHENTICATED);
    assert.is((await refusal(all(j.config.ListEntries({}, metadata)))).code, status.UNAUTHENTICATED);
  }
}));

test("an author who is not the token's principal and role is refused", withJournal("embedded", async (j) => {
  for (const author of [{ principal: "admin", role: OPS.role }, { principal: "ops", role: ADMIN.role }]) {
    const refused = await refusal(j.append(OPS, { ...COMMIT, author }));
    assert.equal([refused.code, refused.failure], [status.PERMISSION_DENIED, "forbidden"]);
  }
  assert.is(await j.append(AGENT, { entry_type: "ENTRY_TYPE_EXEC_LOG", scope: VC, author: { principal: "ops", principal_type: "Human", role: OPS.role } }), 0);
}));

test("writes stay within the role's vCluster, and within what the role is for", withJournal("embedded", async (j) => {
  await j.node("node-001", "ml-training");
  await j.node("node-009", "dev-sandbox");
  const denied = async (caller: Caller, entry: object) => {
    const refused = await refusal(j.append(caller, { ...COMMIT, ...entry }));
    assert.equal([refused.code, refused.failure], [status.PERMISSION_DENIED, "forbidden"], JSON.stringify([caller, entry]));
  };
  const other = { scope: { vcluster_id: "dev-sandbox" } };
  await denied(OPS, other);
  await denied(OPS, { scope: { node_id: "node-009" } });
  await denied(OPS, { scope: { global: true } });
  await denied(OPS, { entry_type: "ENTRY_TYPE_POLICY_UPDATE" });
  await denied(OPS, { entry_type: "ENTRY_TYPE_PENDING_APPROVAL" });
  await denied(VIEWER, {});
  await denied(VIEWER, { entry_type: "ENTRY_TYPE_EXEC_LOG" });
  await denied(AI, { entry_type: "ENTRY_TYPE_EXEC_LOG" });
  await denied(AI, { entry_type: "ENTRY_TYPE_EMERGENCY_START", emergency_reason: "x" });
  await denied({ ...OPS, principalType: "Agent" }, { entry_type: "ENTRY_TYPE_EMERGENCY_START", emergency_reason: "x" });
  await denied({ ...ADMIN, principalType: "Service" }, { entry_type: "ENTRY_TYPE_EMERGENCY_END" });
  await denied(AGENT, {});
  await denied(AGENT, { entry_type: "ENTRY_TYPE_BOOT_CONFIG" });
  await denied({ ...OPS, role: "made-up" }, {});
  await j.append(OPS, COMMIT);
  await j.append(OPS, { ...COMMIT, scope: { node_id: "node-001" } });
  await j.append(ADMIN, { ...COMMIT, scope: { global: true } });
  await j.append(AGENT, { entry_type: "ENTRY_TYPE_DRIFT_DETECTED", scope: { node_id: "node-009" } });
}));

test("readers see their vCluster, its nodes and what is global; a foreign scope is refused", withJournal("embedded", async (j) => {
  await j.node("node-001", "ml-training");
  await j.node("node-009", "dev-sandbox");
  const scopes = [{ global: true }, VC, { node_id: "node-001" }, { vcluster_id: "dev-sandbox" }, { node_id: "node-009" }];
  for (const scope of scopes) await j.append(ADMIN, { ...COMMIT, scope });
  const seen = async (caller: Caller) => (await all(j.config.ListEntries({}, as(caller)))).map(({ sequence }) => Number(sequence));
  for (const caller of [OPS, VIEWER]) assert.equal(await seen(caller), [0, 1, 2]);
  for (const caller of [ADMIN, AGENT, AI]) assert.equal(await seen(caller), [0, 1, 2, 3, 4]);
  assert.equal(await seen(REG_A), [0]);
  assert.equal(await seen({ ...OPS, role: "made-up" }), []);
  const denied = async (promise: Promise<unknown>) => assert.is((await refusal(promise)).code, status.PERMISSION_DENIED);
  await denied(call(j, "config", "GetEntry", { sequence: 3 }, as(OPS)));
  await denied(call(j, "config", "GetNodeState", { node_id: "node-009" }, as(OPS)));
  await denied(call(j, "config", "GetOverlay", { vcluster_id: "dev-sandbox" }, as(OPS)));
  await denied(call(j, "policy", "GetEffectivePolicy", { vcluster_id: "dev-sandbox" }, as(VIEWER)));
  await denied(call(j, "enrollment", "InspectNode", { node_id: "node-009" }, as(OPS)));
  await denied(all(j.config.ListEntries({ scope: { node_id: "node-009" } }, as(OPS))));
  await denied(all(j.boot.SubscribeConfigUpdates({}, as({ ...OPS, role: "made-up" }))));
  const live = j.boot.SubscribeConfigUpdates({}, as(OPS));
  const got: number[] = [];
  live.on("data", ({ sequence }) => got.push(Number(sequence)));
  live.on("error", () => {});
  await j.append(OPS, COMMIT);
  await until(() => got.length === 4, "four updates");
  assert.equal(got, [0, 1, 2, 5]);
  live.cancel();
}));

test("a role binding lets an unknown role act where the policy says, and only there", withJournal("embedded", async (j) => {
  const dba = { principal: "dora", principalType: "Human", role: "dba" } as const;
  const policy = { ...defaultPolicy("ml-training"), updated_at: null, role_bindings: [{ role: "dba", principals: ["dora"], allowed_actions: ["commit", "log"] }] };
  assert.is((await call(j, "policy", "UpdatePolicy", { vcluster_id: "ml-training", policy }, as(ADMIN))).success, true);
  await j.append(dba, COMMIT);
  assert.is((await all(j.config.ListEntries({}, as(dba)))).length, 2);
  assert.is((await refusal(j.append(dba, { ...COMMIT, scope: { vcluster_id: "dev-sandbox" } }))).code, status.PERMISSION_DENIED);
  assert.is((await refusal(j.append({ ...dba, principal: "eve" }, COMMIT))).code, status.PERMISSION_DENIED);
}));

test("only platform admin changes policies", withJournal("embedded", async (j) => {
  const refused = await refusal(call(j, "policy", "UpdatePolicy", { vcluster_id: "ml-training", policy: { ...defaultPolicy("ml-training"), updated_at: null } }, as(OPS)));
  assert.equal([refused.code, refused.failure], [status.PERMISSION_DENIED, "forbidden"]);
}));

test.run();
