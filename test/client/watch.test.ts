import { test } from "uvu";
import * as assert from "uvu/assert";
import { status, type ServerWritableStream } from "@grpc/grpc-js";
import type { Gap } from "../../src/api/index.ts";
import { Link, type Shared } from "../../src/client/channel.ts";
import { parseEndpoint } from "../../src/client/endpoint.ts";
import { thisMachine } from "../../src/client/peer.ts";
import { watchEntries } from "../../src/client/watch.ts";
import type { ConfigEntry } from "../../src/contract/gen/pact/config/ConfigEntry.ts";
import type { ConfigUpdate } from "../../src/contract/gen/pact/stream/ConfigUpdate.ts";
import { failure, until } from "./support/client.ts";
import { entry, entryJson, refuse, startJournal, update, type JournalScript, type TestJournal } from "./support/servers.ts";

interface Watch {
  readonly seen: number[];
  readonly gaps: Gap[];
  readonly notes: string[];
  readonly done: Promise<void>;
  stop(): void;
}

/** Watches with waits of a few ms. */
function watch(url: string, from: number, more: { timeoutMs?: number; token?: Shared["token"] } = {}): Watch {
  const notes: string[] = [];
  const endpoint = parseEndpoint(url, "journal", "--endpoint");
  const link = new Link({ kind: "journal", address: { value: url, from: "flag", where: "--endpoint" } }, endpoint, {
    token: more.token ?? { token: async () => "t0ken", refresh: async () => undefined },
    tls: {}, machine: thisMachine(), requestId: () => "req-1", debug: () => {}, noteClearText: () => {}, serverTime: () => {}, requireTls: false,
  });
  const controller = new AbortController();
  const seen: number[] = [];
  const gaps: Gap[] = [];
  const watching = { link, timeoutMs: more.timeoutMs ?? 5_000, note: (line: string) => void notes.push(line), pace: { first: 5, longest: 20, quiet: 30, steady: 200 } };
  const done = (async () => {
    try {
      for await (const one of watchEntries(watching, from, controller.signal)) {
        if ("kind" in one) gaps.push(one);
        else seen.push(one.seq);
      }
    } finally {
      link.close();
    }
  })();
  return { seen, gaps, notes, done, stop: () => controller.abort() };
}

type Subscription = ServerWritableStream<{ from_sequence: string }, ConfigUpdate>;
const from = (call: Subscription): number => Number(call.request.from_sequence);

const upTo = (count: number): ConfigEntry[] => Array.from({ length: count }, (_, seq) => entry(seq));

async function withJournal(script: Partial<JournalScript>, run: (journal: TestJournal) => Promise<void>): Promise<void> {
  const journal = await startJournal({ ours: true, entries: upTo(10), ...script });
  try {
    await run(journal);
  } finally {
    journal.close();
  }
}

test("entries come in order from where one asked, and an abort ends it quietly", () =>
  withJournal({ subscribe: (call) => [5, 6, 7].forEach((seq) => call.write(update(seq))) }, async ({ url }) => {
    const w = watch(url, 5);
    await until(() => w.seen.length === 3, "three entries");
    w.stop();
    await w.done;
    assert.equal(w.seen, [5, 6, 7]);
  }));

test("a stream that ends is taken up where it stopped, without repeating an entry", () => {
  const asked: number[] = [];
  return withJournal({
    subscribe(call, turn) {
      asked.push(from(call));
      // A stock server may send the last one again.
      if (turn === 1) [0, 1, 2].forEach((seq) => call.write(update(seq)));
      else if (turn === 2) [2, 3].forEach((seq) => call.write(update(seq)));
      else [3, 4].forEach((seq) => call.write(update(seq)));
      if (turn === 1) call.end();
      if (turn === 2) call.emit("error", refuse(status.UNAVAILABLE, "restarting"));
    },
  }, async ({ url }) => {
    const w = watch(url, 0);
    await until(() => w.seen.length === 5, "five entries");
    w.stop();
    await w.done;
    assert.equal(w.seen, [0, 1, 2, 3, 4]);
    assert.equal(asked, [0, 3, 4]);
    assert.equal(w.gaps, []);
  });
});

test("a jump on our journal is what a role may not see, not a gap", () =>
  withJournal({ subscribe: (call) => [0, 7].forEach((seq) => call.write(update(seq))) }, async (journal) => {
    const w = watch(journal.url, 0);
    await until(() => w.seen.length === 2, "two entries");
    w.stop();
    await w.done;
    assert.equal([w.seen, w.gaps, journal.count("ListEntries")], [[0, 7], [], 0]);
  }));

test("a jump on a stock journal is filled; what cannot be read is told as a gap", () =>
  withJournal({ ours: false, entries: [0, 1, 2, 3].map((seq) => entry(seq)), subscribe: (call) => [1, 3, 6].forEach((seq) => call.write(update(seq))) }, async ({ url }) => {
    const w = watch(url, 0);
    await until(() => w.seen.includes(6), "the last entry");
    w.stop();
    await w.done;
    assert.equal(w.seen, [0, 1, 2, 3, 6]);
    assert.equal(w.gaps.map(({ first, last, cause }) => [first, last, cause]), [[4, 5, "lost"]]);
  }));

test("a journal that goes and comes back is told, and nothing is lost or repeated", async () => {
  const script: JournalScript = {
    ours: true, entries: upTo(4),
    subscribe: (call) => [0, 1, 2].filter((seq) => seq >= from(call)).forEach((seq) => call.write(update(seq))),
  };
  const first = await startJournal(script);
  const w = watch(first.url, 0);
  await until(() => w.seen.length === 3, "three entries");
  first.close();
  await until(() => w.notes.length === 1, "a note");
  assert.match(w.notes[0] ?? "", /the link to the journal at .* is lost \(.+\); trying again for 50 s/);
  const again = await startJournal({ ...script, subscribe: (call) => [0, 1, 2, 3].filter((seq) => seq >= from(call)).forEach((seq) => call.write(update(seq))) }, first.port);
  await until(() => w.seen.length === 4, "the fourth entry");
  assert.match(w.notes[1] ?? "", /is back; going on from #3/);
  w.stop();
  await w.done;
  assert.equal(w.seen, [0, 1, 2, 3]);
  again.close();
});

test("a journal that stays away is unreachable in the end", async () => {
  const journal = await startJournal({ ours: true, entries: [], subscribe: () => {} });
  journal.close();
  const error = await failure(watch(journal.url, 0, { timeoutMs: 100 }).done, "unreachable");
  assert.match(error.message, /cannot reach the journal/);
});

test("a journal that ends every stream at once is given up on as well", () =>
  withJournal({ guard: () => refuse(status.UNAVAILABLE, "not now") }, async ({ url }) => {
    await failure(watch(url, 0, { timeoutMs: 100 }).done, "unreachable");
  }));

test("a token that runs out while the stream stands is renewed without losing an entry", () => {
  let current = "first";
  const token = { token: async () => current, refresh: async () => (current = "second") };
  let expire = (): void => {};
  return withJournal({
    guard: (authorization) => (authorization === `Bearer ${current}` && authorization !== "Bearer expired" ? undefined : refuse(status.UNAUTHENTICATED, "expired")),
    subscribe(call, turn) {
      if (turn === 1) {
        call.write(update(0));
        expire = () => call.emit("error", refuse(status.UNAUTHENTICATED, "token expired"));
      } else [1, 2].forEach((seq) => call.write(update(seq)));
    },
  }, async ({ url }) => {
    const w = watch(url, 0, { token });
    await until(() => w.seen.length === 1, "the first entry");
    await new Promise((resolve) => setTimeout(resolve, 250));
    current = "expired";
    expire();
    await until(() => w.seen.length === 3, "three entries");
    assert.is(current, "second");
    w.stop();
    await w.done;
    assert.equal(w.seen, [0, 1, 2]);
  });
});

test("an abort while it waits ends it quietly too", async () => {
  const journal = await startJournal({ ours: true, entries: [], subscribe: () => {} });
  journal.close();
  const w = watch(journal.url, 0);
  await until(() => w.notes.length === 1, "trouble");
  w.stop();
  await w.done;
});

test("a refusal ends it at once, with its name", async () => {
  for (const [code, expected] of [[status.PERMISSION_DENIED, "forbidden"], [status.UNIMPLEMENTED, "unsupported"], [status.UNAUTHENTICATED, "unauthenticated"]] as const) {
    await withJournal({ guard: () => refuse(code, "no") }, async (journal) => {
      await failure(watch(journal.url, 0).done, expected);
      assert.ok(journal.asked.length <= 2);
    });
  }
});

test("an update that is no entry is a remote failure, and other updates are passed over", () =>
  withJournal({
    subscribe(call) {
      call.write({ sequence: "0", policy_change: Buffer.from("{}") });
      call.write({ sequence: "1", vcluster_change: entryJson(1) });
      call.write({ sequence: "2", vcluster_change: Buffer.from("{broken") });
    },
  }, async ({ url }) => {
    const w = watch(url, 0);
    await failure(w.done, "remote");
    assert.equal(w.seen, [1]);
  }));

/** A journal whose entries are those of `times`, by sequence: seconds apart from what they would be. */
const aged = (times: readonly number[]): ConfigEntry[] => times.map((late, seq) => entry(seq, { timestamp: { seconds: String(1_795_417_200 + seq + late), nanos: 0 } }));

/** Sends what the journal holds, as updates. */
const all = (times: readonly number[]) => (call: Subscription): void =>
  times.forEach((late, seq) => {
    const timestamp = new Date((1_795_417_200 + seq + late) * 1000).toISOString();
    if (seq >= from(call)) call.write(update(seq, { timestamp }));
  });

test("a journal that comes back with another past is marked, and goes on from where the pasts part", async () => {
  const shown = [0, 0, 0, 0, 0, 0];
  for (const [again, expected] of [
    // Restored, and nothing since: it goes on after its end.
    [[0, 0, 0], [3, 5]],
    // Restored, and overtaken by new entries under the old numbers.
    [[0, 0, 0, 0, 60, 60, 60], [4, 5]],
    // Another journal altogether.
    [[60, 60], [0, 5]],
    [[], [0, 5]],
  ] as const) {
    for (const ours of [true, false]) {
      const first = await startJournal({ ours, entries: aged(shown), subscribe: all(shown) });
      const w = watch(first.url, 0);
      await until(() => w.seen.length === 6, "six entries");
      first.close();
      const second = await startJournal({ ours, entries: aged(again), subscribe: all(again) }, first.port);
      await until(() => w.gaps.length > 0 && w.seen.length === 6 + Math.max(0, again.length - expected[0]), "the mark, and what is new");
      w.stop();
      await w.done;
      assert.equal(w.gaps.map((gap) => [gap.first, gap.last, gap.cause]), [[...expected, "withdrawn"]]);
      assert.equal(w.seen.slice(6), again.map((_, seq) => seq).slice(expected[0]));
      second.close();
    }
  }
});

test("a journal that went back before anything was shown is marked all the same", async () => {
  const first = await startJournal({ ours: false, entries: upTo(5), subscribe: () => {} });
  const w = watch(first.url, 5);
  await until(() => first.count("Subscribe") === 1, "a stream");
  first.close();
  const second = await startJournal({ ours: false, entries: upTo(3), subscribe: all([0, 0, 0, 0]) }, first.port);
  await until(() => w.gaps.length === 1 && w.seen.length === 1, "the mark");
  w.stop();
  await w.done;
  assert.equal(w.seen, [3]);
  assert.match(w.gaps[0]?.reason ?? "", /ends at #2/);
  second.close();
});

test("a start beyond the end is told, for the journal may have gone back since", () =>
  withJournal({ subscribe: () => {} }, async (journal) => {
    const w = watch(journal.url, 1000);
    await until(() => w.notes.length === 1, "a note");
    w.stop();
    await w.done;
    assert.match(w.notes[0] ?? "", /holds no entry #999; nothing is shown before #1000/);
  }));

test("an entry that comes out of order is told, and what is repeated is not", () =>
  withJournal({ subscribe: (call) => [0, 1, 5, 1, 3, 6].forEach((seq) => call.write(update(seq))) }, async ({ url }) => {
    const w = watch(url, 0);
    await until(() => w.seen.includes(6), "the last entry");
    w.stop();
    await w.done;
    assert.equal(w.seen, [0, 1, 5, 6]);
    assert.equal(w.gaps.map(({ first, last, cause }) => [first, last, cause]), [[3, 3, "lost"]]);
  }));

test("a journal that breaks each stream is told once, not each time", () =>
  withJournal({ subscribe: (call) => void call.emit("error", refuse(status.UNAVAILABLE, "not now")) }, async (journal) => {
    const w = watch(journal.url, 0);
    await until(() => journal.count("Subscribe") > 5, "some tries");
    w.stop();
    await w.done;
    assert.is(w.notes.length, 1);
  }));

test("a reader that stops ends the subscription at the server", () =>
  withJournal({ subscribe: (call) => [0, 1].forEach((seq) => call.write(update(seq))) }, async (journal) => {
    const w = watch(journal.url, 0);
    await until(() => w.seen.length === 2, "two entries");
    w.stop();
    await w.done;
    await until(() => journal.cancelled === 1, "cancelled");
  }));

test.run();
