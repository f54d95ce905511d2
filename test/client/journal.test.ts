import { test } from "uvu";
import * as assert from "uvu/assert";
import { status } from "@grpc/grpc-js";
import { collect, failure, matches, never, testClient, until, type TestClient } from "./support/client.ts";
import { entry, header, refuse, startJournal, TIME_TEXT, type JournalScript, type TestJournal } from "./support/servers.ts";

async function withJournal(script: Partial<JournalScript> & { ours: boolean }, run: (client: TestClient, journal: TestJournal) => Promise<void>, more: Parameters<typeof testClient>[1] = {}): Promise<void> {
  const journal = await startJournal({ entries: Array.from({ length: 40 }, (_, at) => entry(at)), ...script });
  const client = testClient(journal.url, more);
  try {
    await run(client, journal);
  } finally {
    client.close();
    journal.close();
  }
}

const seqs = (entries: readonly { seq: number }[]): number[] => entries.map(({ seq }) => seq);
const node = { kind: "node", name: "node-001" } as const;
const commit = { type: "COMMIT", scope: node, message: "tune" } as const;
const about = { vcluster: "ml-training" };

for (const ours of [true, false]) {
  const kind = ours ? "our" : "a stock";
  test(`the last entries of ${kind} journal come newest first, already on the first call`, () =>
    withJournal({ ours }, async ({ journal }) => {
      assert.equal(seqs(await collect(journal.list({ last: 3 }, never()))), [39, 38, 37]);
      assert.equal(seqs(await collect(journal.list({ last: 3 }, never()))), [39, 38, 37]);
    }));

  test(`the last entries of a scope of ${kind} journal come newest first`, () =>
    withJournal({ ours }, async ({ journal }) => {
      assert.equal(seqs(await collect(journal.list({ last: 3, scope: node }, never()))), [39, 36, 33]);
      assert.equal(seqs(await collect(journal.list({ last: 1, scope: { kind: "global" } }, never()))), []);
    }));

  test(`more than there is, none, and a lower bound are right on ${kind} journal`, () =>
    withJournal({ ours }, async ({ journal }) => {
      assert.is((await collect(journal.list({ last: 500 }, never()))).length, 40);
      assert.equal(await collect(journal.list({ last: 0 }, never())), []);
      assert.equal(seqs(await collect(journal.list({ last: 10, from: 37 }, never()))), [39, 38, 37]);
      assert.equal(seqs(await collect(journal.list({ last: 10, from: 77 }, never()))), []);
    }));

  test(`without a number the entries of ${kind} journal ascend`, () =>
    withJournal({ ours }, async ({ journal }) => {
      assert.equal(seqs(await collect(journal.list({ from: 36 }, never()))), [36, 37, 38, 39]);
    }));

  test(`the head of ${kind} journal is found for every length`, async () => {
    for (const length of [0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33]) {
      await withJournal({ ours, entries: Array.from({ length }, (_, at) => entry(at)) }, async ({ journal }) => {
        assert.is(await journal.head(never()), length === 0 ? null : length - 1);
        assert.is(await journal.head(never()), length === 0 ? null : length - 1);
      });
    }
  });
}

test("a stock journal is not read whole for its last entries", () =>
  withJournal({ ours: false, entries: Array.from({ length: 5_000 }, (_, at) => entry(at)) }, async ({ journal }, server) => {
    assert.equal(seqs(await collect(journal.list({ last: 2 }, never()))), [4999, 4998]);
    const first = server.streamed;
    assert.equal(seqs(await collect(journal.list({ last: 2 }, never()))), [4999, 4998]);
    assert.is(server.streamed - first, 2);
    assert.ok(server.count("GetEntry") < 70, `${server.count("GetEntry")} lookups`);
  }));

test("a head that went back is found again", () =>
  withJournal({ ours: false }, async ({ journal }, server) => {
    assert.is(await journal.head(never()), 39);
    server.script.entries = server.script.entries.slice(0, 5);
    assert.is(await journal.head(never()), 4);
  }));

test("the clock of our journal is passed on, a stock journal has none", async () => {
  await withJournal({ ours: true }, async (client) => {
    await client.journal.head(never());
    assert.is(client.times[0]?.toISOString(), TIME_TEXT);
  });
  await withJournal({ ours: false }, async (client) => {
    await client.journal.head(never());
    assert.equal(client.times, []);
  });
});

test("every call carries the token and a request id", () =>
  withJournal({ ours: true }, async (client, server) => {
    await client.journal.head(never());
    const [call] = server.asked;
    assert.is(call && header(call.metadata, "authorization"), "Bearer t0ken");
    matches(call && header(call.metadata, "pact-request-id"), /^req-/);
    await until(() => client.debugged.length > 0, "a line for the debug log");
    assert.not.match(client.debugged.join("\n"), /t0ken/);
  }));

test("appending to our journal asks no policy, and carries the head and a request id", () =>
  withJournal({ ours: true }, async ({ journal }, server) => {
    assert.is(await journal.append({ ...commit, parent: 0, ttlS: 900 }, { ...about, expectedHead: 0 }, never()), 40);
    assert.is(server.count("Evaluate"), 0);
    const request = server.asked.find(({ name }) => name === "AppendEntry")?.request as { expected_head: string; request_id: string };
    assert.is(request.expected_head, "0");
    matches(request.request_id, /^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    const stored = server.script.entries[40];
    assert.equal([stored?.author?.principal, stored?.author?.principal_type, stored?.policy_ref, stored?.parent], ["ops", "Human", "tune", "0"]);
  }));

test("appending to a stock journal asks the policy once, with the vCluster, and sends no extensions", () =>
  withJournal({ ours: false }, async ({ journal }, server) => {
    assert.is(await journal.append(commit, { ...about, expectedHead: 3 }, never()), 40);
    assert.is(server.count("Evaluate"), 1);
    const asked = server.asked.find(({ name }) => name === "Evaluate")?.request as { action: string; scope: { vcluster_id: string }; author: { principal_type: string } };
    assert.equal([asked.action, asked.scope.vcluster_id, asked.author.principal_type], ["commit", "ml-training", "human"]);
    const request = server.asked.find(({ name }) => name === "AppendEntry")?.request as { expected_head?: string; request_id: string };
    assert.equal([request.expected_head, request.request_id], [undefined, ""]);
  }));

test("each type of entry is judged by its own action", () =>
  withJournal({ ours: false }, async ({ journal }, server) => {
    for (const type of ["COMMIT", "ROLLBACK", "EMERGENCY_ON", "EMERGENCY_OFF", "SERVICE_LIFECYCLE"] as const) {
      await journal.append({ type, scope: node, message: "m" }, about, never());
    }
    const actions = server.asked.filter(({ name }) => name === "Evaluate").map(({ request }) => (request as { action: string }).action);
    assert.equal(actions, ["commit", "rollback", "emergency_start", "emergency_end", "service_restart"]);
    assert.equal(server.script.entries.slice(40).map(({ emergency_reason, policy_ref }) => [emergency_reason, policy_ref]),
      [[undefined, "m"], [undefined, "m"], ["m", ""], [undefined, "m"], [undefined, "m"]]);
  }));

const verdicts = [
  ["a role's no is forbidden", { authorized: false, policy_ref: "rbac:denied:commit", denial_reason: "viewers only look" }, "forbidden"],
  ["a rule's no is a policy", { authorized: false, policy_ref: "opa:denied:commit", denial_reason: "no changes on Fridays" }, "policy"],
  ["an approval that is needed is a policy", { authorized: false, policy_ref: "rbac:deferred:commit", approval: { approval_type: "two_person", pending_approval_id: "ap-7f3a" } }, "policy"],
] as const;
for (const [name, verdict, expected] of verdicts) {
  test(`on a stock journal ${name}, and nothing is appended`, () =>
    withJournal({ ours: false, evaluate: () => verdict }, async ({ journal }, server) => {
      const error = await failure(journal.append(commit, about, never()), expected);
      assert.is(server.count("AppendEntry"), 0);
      assert.is(server.count("Evaluate"), 1);
      if ("approval" in verdict) matches(error.about.approvalId, /ap-7f3a/);
      else matches(error.about.reason, new RegExp(verdict.denial_reason));
    }));
}

test("an approval that our journal asks for is told with its id", () =>
  withJournal({
    ours: true,
    append: () => refuse(status.FAILED_PRECONDITION, "needs approval", { "pact-failure": "approval-required", "pact-approval-id": "ap-00c0ffee", "pact-approval-executes": "1" }),
  }, async ({ journal }) => {
    const error = await failure(journal.append(commit, about, never()), "policy");
    assert.match(error.message, /second person's approval/);
    matches(error.about.approvalId, /ap-00c0ffee/);
  }));

test("a head that moved is a conflict with the journal's words", () =>
  withJournal({ ours: true, append: () => refuse(status.ABORTED, "seq 43 was committed meanwhile by eve") }, async ({ journal }) => {
    const error = await failure(journal.append(commit, { ...about, expectedHead: 1 }, never()), "conflict");
    assert.is(error.about.reason, "seq 43 was committed meanwhile by eve");
  }));

test("a lost answer of our journal is asked for once more under the same request id", () =>
  withJournal({ ours: true, append: (_, turn) => (turn === 1 ? refuse(status.UNAVAILABLE, "going down") : undefined) }, async ({ journal }, server) => {
    assert.is(await journal.append(commit, about, never()), 40);
    const ids = server.asked.filter(({ name }) => name === "AppendEntry").map(({ request }) => (request as { request_id: string }).request_id);
    assert.is(ids.length, 2);
    assert.is(ids[0], ids[1]);
  }));

test("a lost answer of a stock journal is never asked for again, and said to be unknown", () =>
  withJournal({ ours: false, append: () => refuse(status.UNAVAILABLE, "going down") }, async ({ journal }, server) => {
    const error = await failure(journal.append(commit, about, never()), "unreachable");
    assert.match(error.message, /whether the entry was appended is not known/);
    assert.is(server.count("AppendEntry"), 1);
  }));

test("an answer that does not come in time is unknown too", () =>
  withJournal({ ours: false, append: () => "hang" }, async ({ journal }) => {
    assert.match((await failure(journal.append(commit, about, never()), "timeout")).message, /not known/);
  }, { timeoutMs: 300 }));

test("what cannot travel is refused before anything is sent", () =>
  withJournal({ ours: true }, async ({ journal }, server) => {
    await failure(journal.append({ ...commit, parent: -1 }, about, never()), "invalid");
    await failure(journal.append({ ...commit, ttlS: 1.5 }, about, never()), "invalid");
    await failure(journal.append({ ...commit, scope: { kind: "node", name: "" } }, about, never()), "invalid");
    await failure(collect(journal.list({ last: 2 ** 33 }, never())), "invalid");
    await failure(collect(journal.list({ from: Number.NaN }, never())), "invalid");
    assert.is(server.asked.length, 0);
  }));

test("a token without a role writes nothing (J3)", () =>
  withJournal({ ours: true }, async ({ journal }, server) => {
    await failure(journal.append(commit, about, never()), "forbidden");
    assert.is(server.asked.length, 0);
  }, { principal: async () => ({ principal: "ops", type: "human", role: "" }) }));

test.run();
