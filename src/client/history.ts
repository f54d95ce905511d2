// Reading entries. A stock journal knows neither `last` nor its own head and says nothing about it:
// it ignores the field and streams everything. Which kind answers shows in the headers of the call
// itself, so the first call on a fresh channel is as right as any later one.
import type { Entry, EntryQuery } from "../api/index.ts";
import { PactError } from "../api/index.ts";
import type { ConfigEntry__Output } from "../contract/gen/pact/config/ConfigEntry.ts";
import type { ListEntriesRequest } from "../contract/gen/pact/journal/ListEntriesRequest.ts";
import { serviceDefinition } from "../contract/load.ts";
import { stream, unary } from "./call.ts";
import type { Link } from "./channel.ts";
import { fromEntry, toScope } from "./convert.ts";
import { fromUint64, nonsense, toUint32, toUint64 } from "./range.ts";

interface Bounds {
  readonly signal: AbortSignal;
  readonly limitMs: number;
}

const DOING = "read the journal";

/** Entries ascending; with `last` only that many, newest first. */
export async function* listEntries(link: Link, query: EntryQuery, bounds: Bounds): AsyncGenerator<Entry> {
  const request: ListEntriesRequest = {
    ...(query.scope === undefined ? {} : { scope: toScope(query.scope) }),
    ...(query.from === undefined ? {} : { from_sequence: toUint64(query.from, "the first sequence") }),
  };
  if (query.last === undefined) {
    for await (const entry of entries(link, request, bounds)) yield fromEntry(entry);
  } else if (toUint32(query.last, "the number of entries") > 0) {
    yield* lastEntries(link, query, request, query.last, bounds);
  }
}

/** Highest sequence; null when the journal is empty. */
export async function head(link: Link, bounds: Bounds): Promise<number | null> {
  if (link.ours === false) return searchHead(link, bounds);
  for await (const entry of listEntries(link, { last: 1 }, bounds)) return entry.seq;
  return null;
}

/** Bytes of one entry. No journal takes a larger one, so none can hold it. */
const LARGEST = 16 * 1024 * 1024;

async function* entries(link: Link, request: ListEntriesRequest, bounds: Bounds): AsyncGenerator<ConfigEntry__Output> {
  const { ListEntries } = serviceDefinition("pact.journal.ConfigService");
  let largest = 0;
  const measured = {
    ...ListEntries,
    responseDeserialize: (bytes: Buffer): ConfigEntry__Output => {
      largest = Math.max(largest, bytes.length);
      return ListEntries.responseDeserialize(bytes.length > LARGEST ? bytes.subarray(0, 0) : bytes);
    },
  };
  for await (const entry of stream(link, measured, request, { doing: DOING, ...bounds })) {
    if (largest > LARGEST) throw nonsense(`an entry of ${Math.round(largest / 1024 / 1024)} MiB; journals take none of more than ${LARGEST / 1024 / 1024} MiB`);
    yield entry;
  }
}

/** Sequences only rise (J1) and stay within what was asked for; so what a journal makes up has an end. */
async function* rising(answers: AsyncIterable<ConfigEntry__Output>, from: number, to: number): AsyncGenerator<ConfigEntry__Output> {
  let next = from;
  for await (const entry of answers) {
    const seq = fromUint64(entry.sequence, "a sequence");
    if (seq < next || seq > to) throw nonsense(`entry #${seq} came where #${next} to #${to} were asked for`);
    next = seq + 1;
    yield entry;
  }
}

async function* lastEntries(link: Link, query: EntryQuery, request: ListEntriesRequest, last: number, bounds: Bounds): AsyncGenerator<Entry> {
  // A stock journal, known as such, is not asked for everything when the tail will do.
  if (link.ours === false && query.scope === undefined) return yield* tail(link, query.from ?? 0, last, bounds);
  const answers = entries(link, { ...request, last }, bounds);
  const first = await answers.next();
  if (first.done === true) return;
  // The headers have come before the first message, so the channel knows by now.
  if (link.ours === true) {
    yield fromEntry(first.value);
    let count = 1;
    for await (const entry of answers) {
      // A journal that does not stop is not read on.
      if (count === last) break;
      count += 1;
      yield fromEntry(entry);
    }
  } else if (query.scope === undefined) {
    await answers.return(undefined);
    yield* tail(link, query.from ?? 0, last, bounds);
  } else {
    yield* await newest([first.value], rising(answers, fromUint64(first.value.sequence, "a sequence") + 1, Number.MAX_SAFE_INTEGER), last);
  }
}

/** The last so many of an ascending stream, newest first; holds at most twice as many. */
async function newest(kept: ConfigEntry__Output[], more: AsyncIterable<ConfigEntry__Output>, last: number): Promise<Entry[]> {
  for await (const entry of more) {
    kept.push(entry);
    if (kept.length >= last * 2) kept.splice(0, kept.length - last);
  }
  return kept.slice(-last).reverse().map(fromEntry);
}

/** The last so many of a stock journal: its head is searched, then only the end is read. */
async function* tail(link: Link, from: number, last: number, bounds: Bounds): AsyncGenerator<Entry> {
  const end = await searchHead(link, bounds);
  if (end === null) return;
  const start = Math.max(from, end - last + 1);
  if (start > end) return;
  yield* await newest([], rising(entries(link, { from_sequence: String(start), to_sequence: String(end) }, bounds), start, end), last);
}

/** Where a search last ended, so that the next one on this channel begins there. */
const knownHeads = new WeakMap<Link, number>();

/** Sequences have no gaps (J1), so the head is where GetEntry begins to answer NOT_FOUND. */
async function searchHead(link: Link, bounds: Bounds): Promise<number | null> {
  let low = knownHeads.get(link) ?? 0;
  if (!(await exists(link, low, bounds))) {
    if (low === 0 || !(await exists(link, 0, bounds))) return null;
    low = 0;
  }
  let step = 1;
  while (await exists(link, low + step, bounds)) {
    low += step;
    step *= 2;
    if (low + step > Number.MAX_SAFE_INTEGER) throw nonsense("the journal claims more entries than can be");
  }
  for (let high = low + step; high - low > 1; ) {
    const middle = low + Math.floor((high - low) / 2);
    if (await exists(link, middle, bounds)) low = middle;
    else high = middle;
  }
  knownHeads.set(link, low);
  return low;
}

async function exists(link: Link, sequence: number, bounds: Bounds): Promise<boolean> {
  const { GetEntry } = serviceDefinition("pact.journal.ConfigService");
  try {
    await unary(link, GetEntry, { sequence: String(sequence) }, { doing: DOING, ...bounds });
    return true;
  } catch (thrown) {
    if (thrown instanceof PactError && thrown.failure === "notFound") return false;
    throw thrown;
  }
}

/** Whether the server is of our kind; asks it something small when it has not answered yet. */
export async function isOurs(link: Link, bounds: Bounds): Promise<boolean> {
  if (link.ours === undefined) {
    await exists(link, 0, bounds).catch((thrown: unknown) => {
      // A refusal is an answer too, and tells as much.
      if (link.ours === undefined) throw thrown;
    });
  }
  return link.ours === true;
}
