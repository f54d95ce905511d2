// Why the journal's files could not be written: lmdb tells a full disk as an input/output error.
import { statfsSync } from "node:fs";

/** With less room than this, in bytes, it is the room that is missing. */
const NO_ROOM = 256 * 1024;

/** One sentence for the operator. */
export function whyNotWritten(dir: string, error: unknown): string {
  if (isFull(dir)) return `no space left on the disk of ${dir}`;
  // The reason of a failed commit is kept beside it.
  const cause = error instanceof Error && "commitError" in error ? error.commitError : error;
  return cause instanceof Error ? cause.message : String(cause);
}

function isFull(dir: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dir);
    return bavail * bsize < NO_ROOM;
  } catch {
    return false;
  }
}
