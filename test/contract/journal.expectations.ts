// What commands rely on of a journal, its records of nodes, and its policy. Other writers, such as
// agents that report drift, may append at any time; nothing here depends on being alone.
import * as assert from "uvu/assert";
import type { DeltaItem, Enrollment, Entry, Journal, Scope } from "../../src/api/index.ts";
import { refused, signal, take, type Expectation } from "./expectation.ts";

export interface JournalSubject {
  readonly journal: Journal;
  readonly enrollment: Enrollment;
  /** A vCluster the caller may write to, not regulated. */
  readonly vcluster: string;
  /** A node of that vCluster. */
  readonly node: string;
  /** The caller, as entries name it. */
  readonly principal: string;
}

const vcScope = ({ vcluster }: JournalSubject): Scope => ({ kind: "vcluster", name: vcluster });
const nodeScope = ({ node }: JournalSubject): Scope => ({ kind: "node", name: node });

const commit = (subject: JournalSubject, message: string, more: { delta?: readonly DeltaItem[]; parent?: number; scope?: Scope; expectedHead?: number; ttlS?: number } = {}): Promise<number> => {
  const { expectedHead, scope, ...fields } = more;
  return subject.journal.append(
    { type: "COMMIT", scope: scope ?? vcScope(subject), message, ...fields },
    { vcluster: subject.vcluster, ...(expectedHead === undefined ? {} : { expectedHead }) },
    signal(),
  );
};

const seqs = (entries: readonly Entry[]): number[] => entries.map(({ seq }) => seq);
const descending = (numbers: readonly number[]): boolean => numbers.every((n, at) => at === 0 || n < (numbers[at - 1] ?? 0));
const ascending = (numbers: readonly number[]): boolean => numbers.every((n, at) => at === 0 || n > (numbers[at - 1] ?? -1));

export const journalExpectations: readonly Expectation<JournalSubject>[] = [
  {
    name: "what is appended can be read, with its author, time, scope and message",
    async run(subject) {
      const before = Date.now();
      const seq = await commit(subject, "tuned hugepages\nfor training", { ttlS: 900 });
      const [entry] = await take(subject.journal.list({ from: seq }, signal()), 1);
      assert.is(entry?.seq, seq);
      assert.equal([entry?.type, entry?.scope, entry?.message, entry?.ttlS], ["COMMIT", vcScope(subject), "tuned hugepages\nfor training", 900]);
      assert.is(entry?.author.principal, subject.principal);
      assert.is(entry?.author.type, "human");
      assert.ok(Math.abs((entry?.time.getTime() ?? 0) - before) < 60_000);
    },
  },
  {
    name: "sequences rise, and the head is at least the last appended",
    async run(subject) {
      const first = await commit(subject, "one");
      const second = await commit(subject, "two");
      assert.ok(second > first);
      assert.ok(((await subject.journal.head(signal())) ?? -1) >= second);
    },
  },
  {
    name: "the last entries come newest first, and no more than asked for",
    async run(subject) {
      const seq = await commit(subject, "newest");
      await commit(subject, "newer still");
      const last = await take(subject.journal.list({ last: 2 }, signal()));
      assert.is(last.length, 2);
      assert.ok(descending(seqs(last)), seqs(last).join());
      assert.ok((last[0]?.seq ?? -1) > seq);
      assert.equal(await take(subject.journal.list({ last: 0 }, signal())), []);
    },
  },
  {
    name: "the last entries of a scope are of that scope alone",
    async run(subject) {
      const seq = await commit(subject, "node's own", { scope: nodeScope(subject), delta: [{ dimension: "kernel", key: "vm.swappiness", action: "modify", declared: "60", actual: "10" }] });
      await commit(subject, "vcluster's");
      const own = await take(subject.journal.list({ scope: nodeScope(subject), last: 50 }, signal()));
      assert.ok(own.every(({ scope }) => scope.kind === "node" && scope.name === subject.node));
      assert.ok(seqs(own).includes(seq));
      assert.ok(descending(seqs(own)));
    },
  },
  {
    name: "without a number entries ascend from where one asks",
    async run(subject) {
      const from = await commit(subject, "a");
      await commit(subject, "b");
      const entries = await take(subject.journal.list({ from }, signal()));
      assert.is(entries[0]?.seq, from);
      assert.ok(entries.length >= 2 && ascending(seqs(entries)));
      const scoped = await take(subject.journal.list({ from, scope: vcScope(subject) }, signal()));
      assert.equal(scoped.map(({ message }) => message), ["a", "b"]);
    },
  },
  {
    name: "a delta comes back as it was committed",
    async run(subject) {
      const delta: readonly DeltaItem[] = [{ dimension: "kernel", key: "vm.nr_hugepages", action: "modify", declared: "0", actual: "8" }];
      const seq = await commit(subject, "hugepages", { scope: nodeScope(subject), delta });
      const [entry] = await take(subject.journal.list({ from: seq }, signal()), 1);
      assert.equal(entry?.delta, delta);
    },
  },
  {
    name: "ten appends at once get ten sequences (J9)",
    async run(subject) {
      const all = await Promise.all(Array.from({ length: 10 }, (_, at) => commit(subject, `at once ${at}`)));
      assert.is(new Set(all).size, 10);
    },
  },
  {
    name: "a parent must come before its entry (J4)",
    async run(subject) {
      const head = (await subject.journal.head(signal())) ?? 0;
      await refused(commit(subject, "from the future", { parent: head + 1_000 }), "precondition", "invalid", "conflict");
    },
  },
  {
    name: "a head that has moved is a conflict",
    oursOnly: true,
    async run(subject) {
      const seen = await commit(subject, "what I saw");
      await commit(subject, "what came meanwhile", { expectedHead: seen });
      await refused(commit(subject, "what I decided", { expectedHead: seen }), "conflict");
    },
  },
  {
    name: "watching shows what was and what comes, once each and in order, and an abort ends it quietly",
    async run(subject) {
      const first = await commit(subject, "before");
      const controller = new AbortController();
      const seen: Entry[] = [];
      let later: Promise<number> | undefined;
      const stop = setTimeout(() => controller.abort(), 10_000);
      for await (const entry of subject.journal.watch(first, controller.signal)) {
        if ("kind" in entry) throw new Error(entry.reason);
        seen.push(entry);
        later ??= commit(subject, "while watching");
        if (entry.message === "while watching") controller.abort();
      }
      clearTimeout(stop);
      assert.is(seen[0]?.seq, first);
      assert.is(seen.at(-1)?.seq, await later);
      assert.ok(ascending(seqs(seen)));
      assert.equal(seen[0]?.scope, vcScope(subject));
    },
  },
  {
    name: "what is aborted is interrupted",
    async run({ journal, enrollment }) {
      const aborted = AbortSignal.abort();
      await refused(take(journal.list({}, aborted)), "interrupted");
      await refused(journal.head(aborted), "interrupted");
      await refused(enrollment.list({}, aborted), "interrupted");
    },
  },
  {
    name: "nodes are listed with their vCluster, all and by filter",
    oursOnly: true,
    async run({ enrollment, node, vcluster }) {
      const all = await enrollment.list({}, signal());
      const found = all.find(({ nodeId }) => nodeId === node);
      assert.equal([found?.vcluster, found?.enrollmentState], [vcluster, "active"]);
      assert.ok((await enrollment.list({ vcluster }, signal())).every((record) => record.vcluster === vcluster));
      assert.equal(await enrollment.list({ vcluster: "no-such-vcluster" }, signal()), []);
    },
  },
  {
    name: "a node is inspected with an overview; one that is not there is not found, by name",
    oursOnly: true,
    async run({ enrollment, node, vcluster }) {
      const record = await enrollment.inspect(node, signal());
      assert.equal([record.nodeId, record.vcluster, record.overview?.observeOnly], [node, vcluster, false]);
      assert.match((await refused(enrollment.inspect("no-such-node", signal()), "notFound")).message, /no-such-node/);
    },
  },
  {
    name: "a commit moves the node's head in its overview",
    oursOnly: true,
    async run(subject) {
      const seq = await commit(subject, "moves the head", { scope: nodeScope(subject) });
      assert.is((await subject.enrollment.inspect(subject.node, signal())).overview?.head, seq);
    },
  },
];
