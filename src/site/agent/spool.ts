// A node's entries for the journal: sent at once, kept on disk in order while the journal
// does not take them, sent again when it does (A9). Nothing that was done goes unrecorded.
import { randomUUID } from "node:crypto";
import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { ConfigEntry } from "../../contract/gen/pact/config/ConfigEntry.ts";
import { mayPass, type JournalLink } from "./journal-link.ts";

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;

interface Spooled {
  readonly id: string;
  readonly entry: ConfigEntry;
}

export interface Spool {
  /**
   * Resolves once the entry is safe: in the journal (its sequence) or on disk (null).
   * Rejects only when neither can be had.
   */
  append(entry: ConfigEntry): Promise<string | null>;
  /** Entries that wait for the journal. */
  readonly waiting: number;
  /** Tries the journal now instead of when the next retry is due. */
  retry(): void;
  close(): Promise<void>;
}

/** `folder` is the node's own; its spool.jsonl of an earlier run is sent first. */
export function openSpool(folder: string, link: JournalLink): Spool {
  const path = join(folder, "spool.jsonl");
  const refused = join(folder, "refused.jsonl");
  const queue: Spooled[] = readSpool(path);
  endLine(path);
  let sending: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let pause = FIRST_RETRY_MS;
  let closed = false;

  const keep = (spooled: Spooled): void => {
    writeDurably(path, "a", `${JSON.stringify(spooled)}\n`);
    queue.push(spooled);
  };
  const rewrite = (): void => {
    if (queue.length === 0) return existsSync(path) ? unlinkSync(path) : undefined;
    writeDurably(`${path}.new`, "w", queue.map((one) => `${JSON.stringify(one)}\n`).join(""));
    renameSync(`${path}.new`, path);
  };
  const later = (): void => {
    if (closed) return;
    clearTimeout(timer);
    timer = setTimeout(send, pause);
    timer.unref();
    pause = Math.min(pause * 2, LAST_RETRY_MS);
  };
  const drain = async (): Promise<void> => {
    for (let first = queue[0]; first !== undefined && !closed; first = queue[0]) {
      try {
        await link.append(first.entry, first.id);
      } catch (error) {
        if (mayPass(error)) return later();
        // The journal will never take it; it is kept for a person to look at.
        writeDurably(refused, "a", `${JSON.stringify({ ...first, error: String(error) })}\n`);
      }
      queue.shift();
      pause = FIRST_RETRY_MS;
      // Every so often and at the end; repeats after a crash are harmless by their id.
      if (queue.length % 64 === 0) rewrite();
    }
  };
  function send(): void {
    if (queue.length > 0 && !closed) sending ??= drain().finally(() => (sending = undefined));
  }
  send();

  return {
    async append(entry) {
      const spooled = { id: randomUUID(), entry };
      if (queue.length === 0) {
        try {
          return await link.append(entry, spooled.id);
        } catch (error) {
          if (!mayPass(error)) {
            writeDurably(refused, "a", `${JSON.stringify({ ...spooled, error: String(error) })}\n`);
            return null;
          }
        }
      }
      keep(spooled);
      if (timer === undefined || queue.length === 1) later();
      return null;
    },
    get waiting() {
      return queue.length;
    },
    retry() {
      pause = FIRST_RETRY_MS;
      clearTimeout(timer);
      send();
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await sending;
      if (existsSync(path)) rewrite();
    },
  };
}

/** All of it or, when it throws, nothing: half a line would spoil the one that follows it. */
function writeDurably(path: string, flags: "a" | "w", text: string): void {
  const fd = openSync(path, flags, 0o600);
  const before = fstatSync(fd).size;
  try {
    const bytes = Buffer.from(text);
    // A disk that fills up takes a part first, and says so only at the next write.
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    fsyncSync(fd);
  } catch (error) {
    ftruncateSync(fd, before);
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** What is appended after a line that a crash cut must not become part of it. */
function endLine(path: string): void {
  if (existsSync(path) && !/(?:^|\n)$/.test(readFileSync(path, "utf8"))) writeDurably(path, "a", "\n");
}

/** A line cut by a crash is left out: it was never acknowledged. */
function readSpool(path: string): Spooled[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8").split("\n").flatMap((line): Spooled[] => {
    if (line === "") return [];
    try {
      const value: Spooled = JSON.parse(line);
      return typeof value.id === "string" && typeof value.entry === "object" ? [value] : [];
    } catch {
      return [];
    }
  });
}
