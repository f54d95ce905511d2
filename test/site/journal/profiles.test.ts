// What tells the two profiles apart on the wire: metadata, header checks, extensions, roles; and the HTTP side of both.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { connect } from "node:net";
import { Metadata, status } from "@grpc/grpc-js";
import { readLink } from "../../../src/site/journal/chain.ts";
import { openFiles } from "../../../src/site/journal/files.ts";
import { ADMIN, OPS, REG_A, VC, VIEWER, all, as, call, refusal, withJournal } from "./support.ts";
import type { Opened } from "./support.ts";

const COMMIT = { entry_type: "ENTRY_TYPE_COMMIT", scope: VC } as const;

/** Head and trailers of a unary call. */
function metadataOf(j: Opened, method: "GetEntry", request: object): Promise<{ head: Metadata | undefined; trailers: Metadata }> {
  return new Promise((resolve) => {
    let head: Metadata | undefined;
    const running = j.config[method](request, as(OPS), () => {});
    running.on("metadata", (metadata) => (head = metadata));
    running.on("status", ({ metadata }) => resolve({ head, trailers: metadata }));
  });
}

test("answers and errors carry the server's time on embedded, and nothing of ours on real", withJournal("embedded", async (j) => {
  await j.append(OPS, COMMIT);
  j.clock.advance(1500);
  const time = ["2026-01-01T00:00:01.500Z"];
  const good = await metadataOf(j, "GetEntry", { sequence: 0 });
  assert.equal([good.head?.get("pact-time"), good.trailers.get("pact-time")], [time, time]);
  const bad = await metadataOf(j, "GetEntry", { sequence: 5 });
  assert.equal([bad.trailers.get("pact-time"), bad.trailers.get("pact-failure")], [time, ["notFound"]]);
}));

test("a stock journal looks at the header's form only, stores what it is given, and sends nothing of ours", withJournal("real", async (j) => {
  const anything = new Metadata();
  anything.set("authorization", "Bearer whatever");
  for (const value of [undefined, "bearer x", "Basic x"]) {
    const metadata = new Metadata();
    if (value !== undefined) metadata.set("authorization", value);
    const refused = await refusal(call(j, "config", "GetEntry", { sequence: 0 }, metadata));
    assert.equal([refused.code, refused.failure, refused.metadata.get("pact-time")], [status.UNAUTHENTICATED, undefined, []]);
  }
  const author = { principal: "anyone", principal_type: "robot", role: "made-up" };
  for (const scope of [{ vcluster_id: "nobody knows" }, { node_id: "../x" }, { global: true }]) {
    await call(j, "config", "AppendEntry", { entry: { entry_type: "ENTRY_TYPE_EMERGENCY_END", scope, author }, expected_head: 99, request_id: "r" }, anything);
  }
  const entries = await all(j.config.ListEntries({ last: 1 }, anything));
  assert.equal(entries.map(({ sequence, author }) => [sequence, author?.principal_type]), [["0", "Human"], ["1", "Human"], ["2", "Human"]]);
  const { head, trailers } = await metadataOf(j, "GetEntry", { sequence: 0 });
  assert.equal([head?.get("pact-time") ?? [], trailers.get("pact-time")], [[], []]);
  assert.is((await refusal(call(j, "config", "GetEntry", { sequence: 9 }, anything))).failure, undefined);
  await j.node("node-001");
  for (const refused of [call(j, "config", "GetNodeState", { node_id: "node-001" }, anything), call(j, "config", "GetOverlay", VC, anything)]) {
    assert.is((await refusal(refused)).code, status.NOT_FOUND);
  }
  assert.is((await refusal(all(j.boot.StreamBootConfig({ node_id: "node-001", ...VC }, anything)))).code, status.NOT_FOUND);
}));

test("a stock journal checks tokens for enrollment, and shows nodes without our fields", withJournal("real", async (j) => {
  await j.node("node-001");
  const expired = new Metadata();
  expired.set("authorization", "Bearer expired");
  assert.match((await refusal(call(j, "enrollment", "ListNodes", {}, expired))).details, /^invalid token: token expired$/);
  j.clock.advance(3600_000);
  const { nodes } = await call(j, "enrollment", "ListNodes", {}, as(OPS));
  assert.equal(nodes.map((n) => [n.node_id, n.enrollment_state, n.agent_endpoint, n.overview]), [["node-001", "Active", "", null]]);
  const hardware_identity = { mac_address: "not a mac", bmc_serial: "S1" };
  assert.is((await refusal(call(j, "enrollment", "RegisterNode", { node_id: "n", hardware_identity }, as(OPS)))).code, status.PERMISSION_DENIED);
  await call(j, "enrollment", "RegisterNode", { node_id: "n", hardware_identity }, as(ADMIN));
  const again = await refusal(call(j, "enrollment", "RegisterNode", { node_id: "n", hardware_identity }, as(ADMIN)));
  assert.equal([again.code, again.details.includes("NODE_ALREADY_ENROLLED")], [status.FAILED_PRECONDITION, true]);
  await call(j, "enrollment", "RegisterNode", { node_id: "m", hardware_identity: { mac_address: "NOT A MAC" } }, as(ADMIN));
  assert.match((await refusal(call(j, "enrollment", "RegisterNode", { node_id: "k", hardware_identity }, as(ADMIN)))).details, /HARDWARE_IDENTITY_CONFLICT/);
  assert.is((await refusal(call(j, "enrollment", "AssignNode", { node_id: "n", vcluster_id: "dev-sandbox" }, as(OPS)))).code, status.PERMISSION_DENIED);
  await call(j, "enrollment", "MoveNode", { node_id: "n", to_vcluster_id: "dev-sandbox" }, as(VIEWER));
  assert.equal((await call(j, "enrollment", "ListNodes", {}, as(REG_A))).nodes.length, 3);
  assert.equal((await call(j, "enrollment", "ListNodes", {}, as(OPS))).nodes.map(({ node_id }) => node_id), ["node-001"]);
}));

for (const profile of ["embedded", "real"] as const) {
  test(`health, metrics and discovery are open on ${profile}`, withJournal(profile, async (j) => {
    await j.append(OPS, COMMIT);
    const get = async (path: string, init = {}) => fetch(`${j.handle.http}${path}`, init);
    assert.equal(await (await get("/health")).json(), { status: "healthy", role: "leader", entries: 1 });
    assert.equal(await (await get("/auth/discovery?x=1")).json(), { idp_url: "http://127.0.0.1:1/oidc", client_id: "pact-cli", scopes: ["openid", "profile"] });
    const metrics = await get("/metrics");
    assert.match(metrics.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    const lines = (await metrics.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    assert.equal(lines.map((line) => line.split(" ")[0]), [
      "pact_journal_entries_total", "pact_journal_boot_streams_active", "pact_journal_overlay_builds_total",
      "pact_raft_leader", "pact_raft_term", "pact_raft_log_entries", "pact_raft_replication_lag",
    ]);
    assert.is(lines[0], "pact_journal_entries_total 1");
    assert.ok(lines.every((line) => /^[a-z_]+ -?\d+$/.test(line)));
    assert.is((await get("/nothing")).status, 404);
    assert.is((await get("/constructor")).status, 404);
    assert.is((await get("/health", { method: "POST", body: "x".repeat(100_000) })).status, 405);
  }));
}

test("garbage on either port does no harm", withJournal("embedded", async (j) => {
  for (const url of [j.handle.http, j.handle.grpc]) {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.on("error", () => {});
    socket.resume();
    socket.write("\u0000\u0001 no protocol at all\r\n\r\n".repeat(1000));
    await new Promise<void>((resolve) => socket.once("close", () => resolve()).setTimeout(3000, () => socket.destroy()));
  }
  assert.is(await j.append(OPS, COMMIT), 0);
}));

test("every call leaves one audit record, allowed or denied, with the client's request id", withJournal("embedded", async (j) => {
  const withId = as(OPS, { "pact-request-id": "req-from-client" });
  await refusal(call(j, "config", "GetEntry", { sequence: 0 }, withId));
  await j.append(OPS, COMMIT);
  await refusal(j.append(VIEWER, COMMIT));
  const expired = new Metadata();
  expired.set("authorization", "Bearer expired");
  await refusal(call(j, "policy", "GetEffectivePolicy", VC, expired));
  await all(j.config.ListEntries({ scope: VC }, as(VIEWER)));
  await call(j, "policy", "Evaluate", { action: "commit", scope: VC }, as(VIEWER));
  await j.handle.audit({ time: "t", request_id: "r", principal: "ops", principal_type: "Human", role: "x", rpc: "Exec", target: "node-001", outcome: "ok", reason: "" });
  await j.stop();
  const files = openFiles(j.dir, true);
  const records = [...files.logs.audit.getRange()].map(({ value }) => readLink(value).body as Record<string, string>);
  await files.root.close();
  assert.equal(records.map((r) => [r["rpc"], r["principal"], r["target"], r["outcome"]]), [
    ["ConfigService/GetEntry", "ops", "0", "failed"],
    ["ConfigService/AppendEntry", "ops", "vc:ml-training ENTRY_TYPE_COMMIT", "ok"],
    ["ConfigService/AppendEntry", "viewer", "vc:ml-training ENTRY_TYPE_COMMIT", "denied"],
    ["PolicyService/GetEffectivePolicy", "", "ml-training", "denied"],
    ["ConfigService/ListEntries", "viewer", "vc:ml-training", "ok"],
    ["PolicyService/Evaluate", "viewer", "vc:ml-training commit", "denied"],
    ["Exec", "ops", "node-001", "ok"],
  ]);
  assert.is(records[0]?.["request_id"], "req-from-client");
  assert.match(records[1]?.["request_id"] ?? "", /^req-[0-9a-f]{8}$/);
  assert.is(records[3]?.["reason"], "token expired");
}));

test.run();
