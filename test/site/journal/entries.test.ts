// Appending and reading entries: sequences, validation, ranges, request ids, heads, what is kept of a delta.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { status } from "@grpc/grpc-js";
import { ADMIN, KERNEL, OPS, VC, all, as, call, refusal, withJournal } from "./support.ts";
import type { Opened } from "./support.ts";

const COMMIT = { entry_type: "ENTRY_TYPE_COMMIT", scope: VC } as const;
const list = (j: Opened, request: object, who = ADMIN) => all(j.config.ListEntries(request, as(who)));
const sequences = async (j: Opened, request: object, who = ADMIN) => (await list(j, request, who)).map(({ sequence }) => Number(sequence));

test("sequences start at 0, ascend without gaps under 32 writers, and the sender's are ignored", withJournal("embedded", async (j) => {
  const got = await Promise.all(Array.from({ length: 320 }, (_, n) => j.append(OPS, { ...COMMIT, sequence: 9999, policy_ref: `m${n}` })));
  assert.equal([...got].sort((a, b) => a - b), Array.from({ length: 320 }, (_, n) => n));
  const first = await call(j, "config", "GetEntry", { sequence: got[7] ?? 0 }, as(OPS));
  assert.is(first.policy_ref, "m7");
  assert.is(first.author?.principal, "ops");
  assert.is(first.timestamp?.seconds, String(Date.UTC(2026, 0, 1) / 1000));
}));

test("ranges are inclusive, limit counts from the oldest, 0 is none, last is newest first", withJournal("embedded", async (j) => {
  await j.node("node-001");
  for (let n = 0; n < 10; n += 1) await j.append(ADMIN, n % 2 === 0 ? COMMIT : { ...COMMIT, scope: { node_id: "node-001" } });
  assert.equal(await sequences(j, {}), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(await sequences(j, { from_sequence: 3, to_sequence: 5 }), [3, 4, 5]);
  assert.equal(await sequences(j, { from_sequence: 5, to_sequence: 3 }), []);
  assert.equal(await sequences(j, { limit: 2 }), [0, 1]);
  assert.equal(await sequences(j, { limit: 0 }), []);
  assert.equal(await sequences(j, { to_sequence: 0 }), [0]);
  assert.equal(await sequences(j, { last: 3 }), [9, 8, 7]);
  assert.equal(await sequences(j, { last: 0 }), []);
  assert.equal(await sequences(j, { scope: { node_id: "node-001" }, last: 2 }), [9, 7]);
  assert.equal(await sequences(j, { scope: { node_id: "node-001" }, from_sequence: 3, to_sequence: 7 }), [3, 5, 7]);
  assert.equal(await sequences(j, { scope: { node_id: "node-001" }, last: 9, to_sequence: 5 }), [5, 3, 1]);
  assert.equal(await sequences(j, { scope: VC, last: 9 }), [8, 6, 4, 2, 0]);
  assert.equal(await sequences(j, { scope: VC, last: 9, to_sequence: 0 }), [0]);
  assert.equal(await sequences(j, { scope: {} }), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(await sequences(j, { scope: { global: false } }), []);
}));

test("a journal with a single entry starts again and goes on", withJournal("embedded", async (j) => {
  await j.append(OPS, COMMIT);
  const later = await j.again();
  try {
    assert.equal(await sequences(later, {}), [0]);
    assert.is(await later.append(OPS, COMMIT), 1);
  } finally {
    await later.stop();
  }
}));

test("a range longer than a page comes whole, in both directions, also for one scope", withJournal("embedded", async (j) => {
  await Promise.all(Array.from({ length: 700 }, () => j.append(OPS, COMMIT)));
  const ascending = Array.from({ length: 700 }, (_, n) => n);
  assert.equal(await sequences(j, {}), ascending);
  assert.equal(await sequences(j, { scope: VC }), ascending);
  assert.equal(await sequences(j, { last: 700 }), [...ascending].reverse());
  assert.equal(await sequences(j, { scope: VC, last: 600 }), [...ascending].reverse().slice(0, 600));
}));

test("a reader that stops reading does not stop the journal", withJournal("embedded", async (j) => {
  const big = { ...COMMIT, policy_ref: "x".repeat(4000) };
  await Promise.all(Array.from({ length: 2000 }, () => j.append(OPS, big)));
  const stuck = j.config.ListEntries({}, as(OPS));
  stuck.on("error", () => {});
  stuck.pause();
  assert.is(await j.append(OPS, COMMIT), 2000);
  stuck.cancel();
}));

for (const profile of ["embedded", "real"] as const) {
  test(`what cannot be an entry is refused on ${profile}`, withJournal(profile, async (j) => {
    const bad = async (entry: object, more = {}) => (await refusal(j.append(ADMIN, { ...COMMIT, ...entry }, more))).code;
    assert.is((await refusal(call(j, "config", "AppendEntry", {}, as(ADMIN)))).code, status.INVALID_ARGUMENT);
    assert.is(await bad({ author: null }), status.INVALID_ARGUMENT);
    assert.is(await bad({ entry_type: 0 }), status.INVALID_ARGUMENT);
    assert.is(await bad({ entry_type: 14 }), status.INVALID_ARGUMENT);
    assert.is(await bad({ author: { principal: "", role: "r" } }), status.FAILED_PRECONDITION);
    assert.is(await bad({ author: { principal: "p", role: "" } }), status.FAILED_PRECONDITION);
    assert.is(await bad({ parent: 0 }), status.FAILED_PRECONDITION);
    assert.is(await bad({ ttl: { seconds: 899 } }), status.FAILED_PRECONDITION);
    assert.is(await bad({ ttl: { seconds: 864_001 } }), status.FAILED_PRECONDITION);
    assert.is(await bad({ ttl: { seconds: -1 } }), status.FAILED_PRECONDITION);
    assert.is(await bad({ policy_ref: "x".repeat(4097) }), status.INVALID_ARGUMENT);
    assert.is(await bad({ state_delta: { gpu: Array.from({ length: 10_001 }, () => ({ gpu_index: 1 })) } }), status.INVALID_ARGUMENT);
    assert.is(await bad({ state_delta: { kernel: [{ key: "k", declared_value: "x".repeat(5000) }] } }), status.INVALID_ARGUMENT);
    assert.equal(await sequences(j, {}), []);
    for (const seconds of [0, 900, 864_000]) await j.append(ADMIN, { ...COMMIT, ttl: { seconds } });
    assert.equal((await list(j, {})).map(({ ttl }) => ttl?.seconds), ["0", "900", "864000"]);
    assert.match((await refusal(j.append(ADMIN, { ...COMMIT, parent: 3 }))).details, /parent must precede entry/);
  }));
}

test("ids, unknown nodes and vClusters, and rollbacks without a target are refused on embedded", withJournal("embedded", async (j) => {
  const bad = async (entry: object) => refusal(j.append(ADMIN, { ...COMMIT, ...entry }));
  for (const id of ["", "-x", "../etc", "a b", "x".repeat(64), "a\u001b[31m"]) {
    assert.is((await bad({ scope: { node_id: id } })).code, status.INVALID_ARGUMENT, id);
    assert.is((await bad({ scope: { vcluster_id: id } })).code, status.INVALID_ARGUMENT, id);
  }
  const unknown = await bad({ scope: { vcluster_id: "ml-trainig" } });
  assert.equal([unknown.code, unknown.failure], [status.NOT_FOUND, "notFound"]);
  assert.is((await bad({ scope: { node_id: "node-999" } })).code, status.NOT_FOUND);
  assert.is((await bad({ entry_type: "ENTRY_TYPE_ROLLBACK" })).code, status.INVALID_ARGUMENT);
}));

test("a repeated request id gets the first answer, also after a restart, and only for the same principal", withJournal("embedded", async (j) => {
  const first = await j.append(OPS, COMMIT, { request_id: "r-1" });
  assert.is(await j.append(OPS, COMMIT, { request_id: "r-1" }), first);
  assert.is(await j.append(ADMIN, COMMIT, { request_id: "r-1" }), first + 1);
  const later = await j.again();
  try {
    assert.is(await later.append(OPS, COMMIT, { request_id: "r-1" }), first);
    assert.is(await later.append(OPS, COMMIT, { request_id: "r-2" }), first + 2);
    const twice = await Promise.all([later.append(OPS, COMMIT, { request_id: "r-3" }), later.append(OPS, COMMIT, { request_id: "r-3" })]);
    assert.is(twice[0], twice[1]);
  } finally {
    await later.stop();
  }
}));

test("a moved head is a conflict that names who moved it, and other scopes do not move it", withJournal("embedded", async (j) => {
  const seq = await j.append(OPS, COMMIT);
  await j.append(ADMIN, { entry_type: "ENTRY_TYPE_COMMIT", scope: { vcluster_id: "dev-sandbox" } });
  await j.append(OPS, { entry_type: "ENTRY_TYPE_EXEC_LOG", scope: VC });
  const next = await j.append(ADMIN, COMMIT, { expected_head: seq });
  const refused = await refusal(j.append(OPS, COMMIT, { expected_head: seq }));
  assert.equal([refused.code, refused.failure], [status.ABORTED, "conflict"]);
  assert.match(refused.details, new RegExp(`admin changed it with entry ${next}`));
  assert.is((await refusal(j.append(ADMIN, { ...COMMIT, scope: { global: true } }, { expected_head: 0 }))).code, status.ABORTED);
}));

const FULL = {
  mounts: [{ path: "/scratch", action: "DELTA_ACTION_ADD", declared: { fs_type: "nfs", source: "s:/x", options: "ro", read_only: true } }],
  files: [{ path: "/etc/motd", action: "DELTA_ACTION_MODIFY", content_hash: "ab", mode: 0o644, owner: "root", actual_hash: "cd" }],
  kernel: [{ key: "vm.swappiness", action: "DELTA_ACTION_MODIFY", declared_value: "10", actual_value: "60" }],
} as const;

test("a delta comes back whole on embedded", withJournal("embedded", async (j) => {
  await j.append(OPS, { ...COMMIT, state_delta: { ...FULL } as never });
  const [entry] = await list(j, {});
  assert.is(entry?.state_delta?.mounts[0]?.declared?.read_only, true);
  assert.not.ok(entry?.state_delta?.mounts[0]?.actual);
  assert.is(entry?.state_delta?.files[0]?.mode, 0o644);
  assert.is(entry?.state_delta?.files[0]?.actual_hash, "cd");
  assert.is(entry?.state_delta?.kernel[0]?.actual_value, "60");
}));

test("a stock journal loses the sides of mounts and the mode of files", withJournal("real", async (j) => {
  await j.append(OPS, { ...COMMIT, state_delta: { ...FULL } as never });
  const [entry] = await list(j, {});
  assert.is(entry?.state_delta?.mounts[0]?.path, "/scratch");
  assert.not.ok(entry?.state_delta?.mounts[0]?.declared);
  assert.is(entry?.state_delta?.files[0]?.mode, undefined);
  assert.is(entry?.state_delta?.files[0]?.actual_hash, undefined);
  assert.is(entry?.state_delta?.files[0]?.owner, "root");
  assert.is(entry?.state_delta?.kernel[0]?.actual_value, "60");
}));

test("an entry beyond the head, and one beyond what a number holds, are not found", withJournal("embedded", async (j) => {
  await j.append(OPS, { ...COMMIT, state_delta: KERNEL("a.b", "1") });
  for (const sequence of ["1", "18446744073709551615"]) {
    assert.is((await refusal(call(j, "config", "GetEntry", { sequence }, as(OPS)))).code, status.NOT_FOUND);
  }
}));

test.run();
