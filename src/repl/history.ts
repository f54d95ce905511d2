// What was typed: in memory for the arrows, on disk for the next shell. Secrets are masked
// on the way to the disk and in listings; lines that begin with a blank stay in memory.
import { randomUUID } from "node:crypto";
import type { HistoryLine } from "../api/index.ts";
import { HistoryFile, type HistoryRecord, MOST_RECORDS } from "./history-file.ts";
import { maskSecrets } from "./mask.ts";

export interface HistoryOptions {
  /** The file; undefined keeps everything in memory. */
  readonly path: string | undefined;
  /** Told once of modes put right and once of a disk that fails. */
  readonly warn?: (text: string) => void;
  readonly now?: () => Date;
  readonly session?: string;
}

export interface LineContext {
  readonly vcluster: string | undefined;
  readonly node: string | undefined;
}

interface Entry {
  readonly line: string;
  readonly time: Date;
  exit: number | null;
}

/** A line that is running. */
export interface OpenLine {
  /** Writes the record. Only the first call counts; null when the shell ends first. */
  finish(exit: number | null, durationMs: number): void;
}

export class History {
  readonly #file: HistoryFile | undefined;
  readonly #now: () => Date;
  readonly #session: string;
  readonly #warn: (text: string) => void;
  #entries: Entry[] | undefined;
  #private = false;
  #diskFailed = false;

  constructor({ path, warn = () => undefined, now = () => new Date(), session = randomUUID().slice(0, 8) }: HistoryOptions) {
    this.#warn = warn;
    let told = false;
    this.#file = path === undefined ? undefined : new HistoryFile(path, (text) => {
      if (!told) warn(text);
      told = true;
    });
    this.#now = now;
    this.#session = session;
  }

  get isPrivate(): boolean {
    return this.#private;
  }

  /** While private, lines stay in the memory of this shell. */
  setPrivate(on: boolean): void {
    this.#private = on;
  }

  /** Lines as typed, oldest first, for the arrows. */
  texts(): readonly string[] {
    return this.#all().map(({ line }) => line);
  }

  /** Lines with secrets masked, numbered from 1, oldest first. */
  lines(): readonly HistoryLine[] {
    return this.#all().map(({ line, time, exit }, at) => ({ n: at + 1, line: maskSecrets(line), time, exit }));
  }

  /** A line begins: it is there for the arrows at once, and written when it is finished. */
  begin(line: string, { vcluster, node }: LineContext): OpenLine {
    const entry: Entry = { line, time: this.#now(), exit: null };
    const all = this.#all();
    all.push(entry);
    if (all.length > MOST_RECORDS) all.splice(0, all.length - MOST_RECORDS);
    const keep = !this.#private && !/^\s/.test(line);
    let finished = false;
    return {
      finish: (exit, durationMs) => {
        if (finished) return;
        finished = true;
        entry.exit = exit;
        // Private mode may have begun with this very line.
        if (!keep || this.#private) return;
        this.#write({
          line: maskSecrets(line), time: entry.time, vcluster: vcluster ?? null, node: node ?? null,
          exit, durationMs, session: this.#session,
        });
      },
    };
  }

  /** Reads the file on first use: a shell shows its prompt without it. */
  #all(): Entry[] {
    if (this.#entries !== undefined) return this.#entries;
    this.#entries = [];
    try {
      this.#entries = (this.#file?.load() ?? []).map(({ line, time, exit }) => ({ line, time, exit }));
    } catch (error) {
      this.#failed(error);
    }
    return this.#entries;
  }

  #write(record: HistoryRecord): void {
    if (this.#file === undefined || this.#diskFailed) return;
    try {
      this.#file.append(record);
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.#diskFailed = true;
    this.#warn(`history stays in memory: ${error instanceof Error ? error.message : String(error)}`);
  }
}
