// The history on disk: JSON lines that several shells append to at once. 0600 in a 0700
// folder. A shell that trims never loses what another one appends meanwhile.
import {
  type Stats, appendFileSync, chmodSync, closeSync, constants, fchmodSync, fstatSync, lstatSync, mkdirSync, openSync,
  readFileSync, readSync, renameSync, rmSync, statSync, writeFileSync, writeSync,
} from "node:fs";
import { basename, dirname } from "node:path";

export interface HistoryRecord {
  readonly line: string;
  readonly time: Date;
  readonly vcluster: string | null;
  readonly node: string | null;
  /** Exit status; null when the shell ended before the line did. */
  readonly exit: number | null;
  readonly durationMs: number;
  readonly session: string;
}

/** Records kept; trimming waits until there are a tenth more. */
export const MOST_RECORDS = 10_000;
/** Only the end of a larger file is read, in bytes. */
const MOST_BYTES = 16 * 1024 * 1024;
/** A longer line is not worth keeping. */
const LONGEST_LINE = 64 * 1024;
/** A lock this old, in ms, belongs to nobody. */
const STALE_LOCK_MS = 60_000;

const encode = (record: HistoryRecord): string =>
  `${JSON.stringify({
    line: record.line,
    time: record.time.toISOString(),
    vcluster: record.vcluster,
    node: record.node,
    exit: record.exit,
    duration_ms: Math.round(record.durationMs),
    session: record.session,
  })}\n`;

/** One line of the file; undefined for what is not a record. */
function decode(text: string): HistoryRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || !("line" in value) || typeof value.line !== "string") return undefined;
  const field = (name: string): unknown => Reflect.get(value, name);
  const string = (name: string): string | null => {
    const found = field(name);
    return typeof found === "string" ? found : null;
  };
  const number = (name: string): number | null => {
    const found = field(name);
    return typeof found === "number" && Number.isFinite(found) ? found : null;
  };
  const time = new Date(string("time") ?? Number.NaN);
  if (Number.isNaN(time.getTime()) || value.line.length > LONGEST_LINE) return undefined;
  return {
    line: value.line, time, vcluster: string("vcluster"), node: string("node"),
    exit: number("exit"), durationMs: number("duration_ms") ?? 0, session: string("session") ?? "",
  };
}

/** Records of some text; a shell that had to append twice counts once. */
function decodeAll(text: string): HistoryRecord[] {
  const seen = new Set<string>();
  return text.split("\n").flatMap((line) => {
    const record = line === "" || seen.has(line) ? undefined : decode(line);
    seen.add(line);
    return record === undefined ? [] : [record];
  });
}

export class HistoryFile {
  readonly path: string;
  readonly #warn: (text: string) => void;

  /** `warn` is told of modes that had to be put right. */
  constructor(path: string, warn: (text: string) => void) {
    this.path = path;
    this.#warn = warn;
  }

  /** All records, oldest first. Throws when the file must not or cannot be used. */
  load(): HistoryRecord[] {
    if (!this.#prepare()) return [];
    const fd = this.#open();
    try {
      const { size } = fstatSync(fd);
      const records = decodeAll(readFrom(fd, Math.max(0, size - MOST_BYTES)));
      if (records.length > MOST_RECORDS * 1.1 || size > MOST_BYTES) this.#trim();
      return records.slice(-MOST_RECORDS);
    } finally {
      closeSync(fd);
    }
  }

  /** Appends one record in one write. Throws when that fails. */
  append(record: HistoryRecord): void {
    const text = encode(record);
    if (text.length > LONGEST_LINE) return;
    this.#prepare();
    for (;;) {
      const fd = this.#open();
      try {
        // A line that was cut off by a crash must not take this one with it.
        writeAll(fd, endsOpen(fd) ? `\n${text}` : text);
        // Another shell may have renamed a trimmed file into place. If that one lacks
        // this record, it goes there too.
        if (this.#isCurrent(fstatSync(fd)) || readFileSync(this.path, "utf8").includes(text)) return;
      } finally {
        closeSync(fd);
      }
    }
  }

  /** Folder and file as they must be; answers whether the file exists. Looser modes are put right with one notice. */
  #prepare(): boolean {
    const folder = dirname(this.path);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const inside = statSync(folder);
    // Only pact's own folder is put right: the file may stand in one that others need.
    if (basename(folder) === "pact" && inside.uid === process.getuid?.() && (inside.mode & 0o077) !== 0) {
      chmodSync(folder, 0o700);
      this.#warn(`${folder} was open to others; it is 0700 now`);
    }
    let known: Stats;
    try {
      known = statSync(this.path);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT" && !dangling(this.path)) return false;
      throw error;
    }
    // Opening a pipe would wait for ever.
    if (!known.isFile()) throw new Error(`${this.path} is not a file`);
    if (known.uid !== process.getuid?.()) throw new Error(`${this.path} belongs to somebody else`);
    return true;
  }

  #open(): number {
    const fd = openSync(this.path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, 0o600);
    const { mode } = fstatSync(fd);
    if ((mode & 0o077) !== 0) {
      fchmodSync(fd, 0o600);
      this.#warn(`${this.path} was open to others; it is 0600 now`);
    }
    return fd;
  }

  #isCurrent(mine: Stats): boolean {
    try {
      const current = statSync(this.path);
      return current.ino === mine.ino && current.dev === mine.dev;
    } catch {
      return false;
    }
  }

  /**
   * Keeps the last records in a new file. Appends of others between reading and renaming
   * are carried over afterwards; appends to the old file after that are noticed by their writers.
   */
  #trim(): void {
    const lock = `${this.path}.lock`;
    if (!takeLock(lock)) return;
    const fd = this.#open();
    try {
      const { size } = fstatSync(fd);
      const kept = decodeAll(readFrom(fd, Math.max(0, size - MOST_BYTES), size)).slice(-MOST_RECORDS);
      const next = `${this.path}.new`;
      rmSync(next, { force: true });
      writeFileSync(next, kept.map(encode).join(""), { mode: 0o600, flag: "wx" });
      renameSync(next, this.path);
      const late = readFrom(fd, size);
      if (late !== "") appendFileSync(this.path, late);
    } finally {
      closeSync(fd);
      rmSync(lock, { force: true });
    }
  }
}

function dangling(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

/** False when another shell trims already. */
function takeLock(lock: string): boolean {
  try {
    closeSync(openSync(lock, "wx", 0o600));
    return true;
  } catch {
    try {
      if (Date.now() - statSync(lock).mtimeMs > STALE_LOCK_MS) rmSync(lock, { force: true });
    } catch {
      // It went away by itself.
    }
    return false;
  }
}

/** Text of an open file from an offset to another or to the end; the first line may be a part of one. */
function readFrom(fd: number, from: number, to = Number.POSITIVE_INFINITY): string {
  const parts: Buffer[] = [];
  const chunk = Buffer.alloc(256 * 1024);
  for (let at = from; at < to; ) {
    const got = readSync(fd, chunk, 0, Math.min(chunk.length, to - at), at);
    if (got === 0) break;
    parts.push(Buffer.from(chunk.subarray(0, got)));
    at += got;
  }
  return Buffer.concat(parts).toString("utf8");
}

function endsOpen(fd: number): boolean {
  const { size } = fstatSync(fd);
  const last = Buffer.alloc(1);
  return size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== 10;
}

function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}
