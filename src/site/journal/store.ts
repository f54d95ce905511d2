// The journal's files: two chained logs (the journal and the audit log) and the
// indexes over entries, in one lmdb environment. Group commit: whatever waits goes
// into one transaction, and counts only once that is flushed to the disk.
import { chmodSync, mkdirSync } from "node:fs";
import type { Database } from "lmdb";
import { GENESIS, flaw, forge, readLink } from "./chain.ts";
import type { Link } from "./chain.ts";
import { numberBytes, openFiles } from "./files.ts";
import type { Files, LogName } from "./files.ts";
import { claim, release } from "./owner.ts";
import { whyNotWritten } from "./write-problem.ts";

const NOTHING = Buffer.alloc(0);
/** How the message begins once a write has failed; from then on nothing is written until the next start. */
export const CANNOT_WRITE = "the journal cannot write";

/** How an entry is found again: its sequence and the key of its scope. */
export interface EntryIndex {
  readonly sequence: number;
  readonly scope: string;
}

interface Log {
  readonly name: LogName;
  readonly db: Database<Buffer, number>;
  next: number;
  head: Buffer;
}
interface Waiting {
  readonly log: Log;
  readonly link: Link;
  readonly bytes: Buffer;
  readonly entry: EntryIndex | undefined;
}
interface Batch {
  readonly done: Promise<void>;
  readonly settle: (error?: Error) => void;
}

function newBatch(): Batch {
  let settle: (error?: Error) => void = () => {};
  const done = new Promise<void>((resolve, reject) => {
    settle = (error) => (error === undefined ? resolve() : reject(error));
  });
  return { done: unheard(done), settle };
}

/** Whoever needs an outcome awaits it; one that nobody waits for must not end the process. */
function unheard(outcome: Promise<void>): Promise<void> {
  outcome.catch(() => {});
  return outcome;
}

export class Store {
  private readonly files: Files;
  private readonly logs: Readonly<Record<LogName, Log>>;
  private waiting: Waiting[] = [];
  private batch: Batch = newBatch();
  private writing: Batch | undefined;
  private broken: Error | undefined;
  private closed = false;
  private durableEntries = 0;
  /** Records of the journal's log, of whatever kind, that are safely on the disk. */
  private durableRecords: number;
  private watchers = new Set<() => void>();

  private constructor(files: Files, logs: Readonly<Record<LogName, Log>>) {
    this.files = files;
    this.logs = logs;
    this.durableRecords = logs.journal.next;
  }

  /**
   * Opens or makes the store, and hands every record of the journal to `fold`, oldest first.
   * Throws when another process uses the folder or when a chain does not hold.
   */
  static open(dir: string, fold: (link: Link) => void): Store {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    chmodSync(dir, 0o700);
    const files = openFiles(dir, false);
    let claimed = false;
    try {
      claim(files);
      claimed = true;
      const journal = rebuild("journal", files, fold);
      const audit = tail("audit", files);
      const store = new Store(files, { journal, audit });
      store.durableEntries = files.sequences.getKeysCount();
      return store;
    } catch (error) {
      if (claimed) release(files);
      files.root.close().catch(() => {});
      throw error;
    }
  }

  /** Entries that are safely on the disk; those below this sequence may be shown. */
  get entries(): number {
    return this.durableEntries;
  }
  /** Index of the next record of a log. */
  next(log: LogName): number {
    return this.logs[log].next;
  }

  /** Puts a record at the end of a log; it counts once `durable()` resolves. Throws when the store is broken or closed. */
  append(name: LogName, time: number, kind: string, body: unknown, entry?: EntryIndex): Link {
    if (this.broken !== undefined) throw this.broken;
    if (this.closed) throw new Error("the journal is closed");
    const log = this.logs[name];
    const { link, bytes } = forge(log.next, time, kind, body, log.head);
    log.next += 1;
    log.head = link.hash;
    this.waiting.push({ log, link, bytes, entry });
    if (this.writing === undefined) this.writing = this.write();
    return link;
  }

  /** Resolves once everything appended so far is flushed; rejects when it could not be written. */
  durable(): Promise<void> {
    if (this.broken !== undefined) return unheard(Promise.reject(this.broken));
    if (this.waiting.length > 0) return this.batch.done;
    return this.writing?.done ?? Promise.resolve();
  }

  /** Resolves once what the journal holds so far is flushed, audit records aside: what a reader has seen. */
  settled(): Promise<void> {
    return this.broken !== undefined || this.logs.journal.next > this.durableRecords ? this.durable() : Promise.resolve();
  }

  /** Takes all that waits into one transaction; starts the next one when that is on the disk. */
  private write(): Batch {
    const batch = this.batch;
    const flush = async (): Promise<void> => {
      // One turn of the event loop, so that calls that arrive together share a transaction.
      await new Promise<void>((resolve) => setImmediate(resolve));
      const records = this.waiting;
      this.waiting = [];
      this.batch = newBatch();
      await this.put(records);
      this.files.root.resetReadTxn();
      for (const { log, link, entry } of records) {
        if (entry !== undefined) this.durableEntries = entry.sequence + 1;
        if (log === this.logs.journal) this.durableRecords = link.index + 1;
      }
    };
    flush().then(
      () => {
        this.writing = this.waiting.length > 0 ? this.write() : undefined;
        batch.settle();
        for (const wake of [...this.watchers]) wake();
      },
      (error: unknown) => {
        this.broken = new Error(`${CANNOT_WRITE}: ${whyNotWritten(this.files.dir, error)}`);
        this.writing = undefined;
        batch.settle(this.broken);
        this.batch.settle(this.broken);
        for (const wake of [...this.watchers]) wake();
      },
    );
    return batch;
  }

  /** All puts happen in one turn of the event loop, which lmdb makes one transaction: records and heads are never apart. */
  private async put(records: readonly Waiting[]): Promise<void> {
    const { root, sequences, scopes, meta } = this.files;
    const puts = new Set<Promise<boolean>>();
    for (const { log, link, bytes, entry } of records) {
      puts.add(log.db.put(link.index, bytes));
      if (entry === undefined) continue;
      puts.add(sequences.put(entry.sequence, numberBytes(link.index)));
      puts.add(scopes.put([entry.scope, entry.sequence], NOTHING));
    }
    const last = new Map(records.map(({ log, link }) => [log.name, link]));
    for (const [name, link] of last) puts.add(meta.put(`head:${name}`, Buffer.concat([numberBytes(link.index), link.hash])));
    await Promise.all(puts);
    // The puts' own promises resolve before the disk has the pages.
    await root.flushed;
  }

  /** The record of an entry, when it is on the disk. */
  entry(sequence: number): Link | undefined {
    if (!Number.isSafeInteger(sequence) || sequence < 0 || sequence >= this.durableEntries) return undefined;
    const at = this.files.sequences.get(sequence);
    const bytes = at === undefined ? undefined : this.files.logs.journal.get(Number(at.readBigUInt64BE()));
    return bytes === undefined ? undefined : readLink(bytes);
  }

  /**
   * Sequences of entries from `from` to `to`, both inclusive, ascending or (newest first) descending; of one scope when it
   * is given. Reads at most `most` of them; ask again from where the answer ended.
   */
  sequences(range: { from: number; to: number; scope: string | undefined; newestFirst: boolean; most: number }): number[] {
    const from = Math.max(0, range.from);
    const to = Math.min(range.to, this.durableEntries - 1);
    if (from > to || range.most <= 0) return [];
    const { scope, most } = range;
    if (scope === undefined) {
      const count = Math.min(most, to - from + 1);
      return Array.from({ length: count }, (_, n) => (range.newestFirst ? to - n : from + n));
    }
    const bounds = range.newestFirst
      ? { start: [scope, to] as [string, number], end: [scope, from - 1] as [string, number], reverse: true }
      : { start: [scope, from] as [string, number], end: [scope, to + 1] as [string, number] };
    return [...this.files.scopes.getKeys({ ...bounds, limit: most })].map(([, sequence]) => sequence);
  }

  /** Calls back whenever more is on the disk, or nothing more ever will be; the answer stops it. */
  watch(wake: () => void): () => void {
    this.watchers.add(wake);
    return () => this.watchers.delete(wake);
  }

  /** Waits for what is being written, then closes the files. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.durable().catch(() => {});
    for (const wake of [...this.watchers]) wake();
    this.watchers.clear();
    release(this.files);
    await this.files.root.close();
  }
}

/** The end of a log, from its last record. Throws when the stored head is another. */
function tail(name: LogName, files: Files): Log {
  const db = files.logs[name];
  const first = db.get(0);
  // A reverse range leaves key 0 out: the record that is alone is asked for by its key.
  const last = [...db.getRange({ reverse: true, limit: 1 })][0] ?? (first === undefined ? undefined : { key: 0, value: first });
  const head = files.meta.get(`head:${name}`);
  const log: Log = { name, db, next: 0, head: GENESIS };
  if (last !== undefined) {
    log.next = last.key + 1;
    log.head = readLink(last.value).hash;
  }
  const stored = head === undefined ? Buffer.concat([numberBytes(0), GENESIS]) : head;
  const expected = Buffer.concat([numberBytes(Math.max(0, log.next - 1)), log.head]);
  if (!stored.equals(expected)) throw new Error(`the ${name} log is damaged: its head is not its last record`);
  return log;
}

/** Reads a whole log, checks the chain on the way, and hands over each record. */
function rebuild(name: LogName, files: Files, fold: (link: Link) => void): Log {
  let index = 0;
  let prev = GENESIS;
  for (const { value } of files.logs[name].getRange()) {
    const link = readLink(value);
    const problem = flaw(value, link, index, prev);
    if (problem !== undefined) throw new Error(`the ${name} log is damaged: ${problem}`);
    fold(link);
    prev = link.hash;
    index += 1;
  }
  return tail(name, files);
}
