// Whether anybody still reads what a stream of the process goes to. A pipe says so by itself only when
// something is written, and a quiet watch would go on for ever behind `head -1`.
import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

const EVERY_MS = 500;

/** Opening a pipe to write, without waiting, fails with ENXIO when no reader is left (pipe(7), fifo(7)). */
function isRead(fd: number): boolean {
  try {
    closeSync(openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch (error) {
    // Anything else, such as a pipe of another user: it cannot be told.
    return !(error instanceof Error && "code" in error && error.code === "ENXIO");
  }
}

function isPipe(fd: number): boolean {
  try {
    return fstatSync(fd).isFIFO();
  } catch {
    return false;
  }
}

/** Resolves when a pipe's reader has left; for all else never. Rejects when the signal ends the wait. */
export async function readerLeft(fd: number, signal: AbortSignal): Promise<void> {
  const every = isPipe(fd) ? EVERY_MS : 2 ** 31 - 1;
  do await wait(every, undefined, { signal, ref: false });
  while (isRead(fd));
}
