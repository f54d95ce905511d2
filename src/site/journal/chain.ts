// One record of a hash-chained log: its form in memory, its bytes on disk, its hash.
// The hash covers the exact bytes that are stored, so nothing is ever re-encoded to check it.
import { createHash } from "node:crypto";

const HASH_BYTES = 32;

/** What a chain hangs from: the "previous hash" of record 0. */
export const GENESIS: Buffer = Buffer.alloc(HASH_BYTES);

/** A link of a chain. `time` is in milliseconds since the epoch. */
export interface Link {
  readonly index: number;
  readonly time: number;
  readonly kind: string;
  readonly body: unknown;
  readonly prev: Buffer;
  readonly hash: Buffer;
}

function digest(prev: Buffer, canonical: Buffer): Buffer {
  return createHash("sha256").update(prev).update(canonical).digest();
}

/** Makes the next link and the bytes to store: prev, hash, then JSON of [index, time, kind, body]. */
export function forge(index: number, time: number, kind: string, body: unknown, prev: Buffer): { link: Link; bytes: Buffer } {
  const canonical = Buffer.from(JSON.stringify([index, time, kind, body]));
  const hash = digest(prev, canonical);
  return { link: { index, time, kind, body, prev, hash }, bytes: Buffer.concat([prev, hash, canonical]) };
}

/** Reads stored bytes back. Throws Error when they are not a record; does not check the hash. */
export function readLink(bytes: Buffer): Link {
  if (bytes.length <= 2 * HASH_BYTES) throw new Error("record is too short");
  const parsed: unknown = JSON.parse(bytes.toString("utf8", 2 * HASH_BYTES));
  if (!Array.isArray(parsed)) throw new Error("record is not a list");
  const [index, time, kind, body] = parsed;
  if (typeof index !== "number" || typeof time !== "number" || typeof kind !== "string") throw new Error("record has another form");
  return {
    index,
    time,
    kind,
    body,
    prev: Buffer.from(bytes.subarray(0, HASH_BYTES)),
    hash: Buffer.from(bytes.subarray(HASH_BYTES, 2 * HASH_BYTES)),
  };
}

/** Why stored bytes are not the record `index` that follows `prev`; undefined when they are. */
export function flaw(bytes: Buffer, link: Link, index: number, prev: Buffer): string | undefined {
  if (link.index !== index) return `record ${index} says it is ${link.index}`;
  if (!link.prev.equals(prev)) return `record ${index} does not follow the one before`;
  if (!link.hash.equals(digest(prev, bytes.subarray(2 * HASH_BYTES)))) return `record ${index} was changed: its hash does not match`;
  return undefined;
}
