// One refresh at a time among the processes of a user: a lock file beside the
// cache. A lock is stale when its time is over, or when its process is gone.
import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { codeOf } from "./cache.ts";

const POLL_MS = 25;

interface Holder {
  readonly pid: number;
  /** Where the pid means something: machine and, on Linux, its pid namespace. */
  readonly place: string;
  /** Until when the lock may be held, in ms. */
  readonly until: number;
}

export interface LockOptions {
  readonly path: string;
  readonly now: () => number;
  /** How long the work may take, in ms; after that others take the lock over. */
  readonly holdMs: number;
  /** How long to wait for others, in ms. */
  readonly waitMs: number;
}

/**
 * Runs `work` under the lock. While it waits, `meanwhile` is asked now and then; an
 * answer other than undefined ends the wait. Answers undefined when the wait was in vain.
 */
export async function withLock<T>(options: LockOptions, meanwhile: () => T | undefined, work: () => Promise<T>): Promise<T | undefined> {
  const giveUp = options.now() + options.waitMs;
  const rounds = Math.ceil(options.waitMs / POLL_MS);
  mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 });
  // Counted as well as timed, since `now` may be a clock that a test holds still.
  for (let round = 0; round <= rounds; round += 1) {
    const mine = take(options);
    if (mine !== undefined) {
      try {
        return await work();
      } finally {
        release(options.path, mine);
      }
    }
    await pause(POLL_MS);
    const answer = meanwhile();
    if (answer !== undefined || options.now() >= giveUp) return answer;
  }
  return undefined;
}

/** The text that says the lock is ours, or undefined when somebody else holds it. */
function take({ path, now, holdMs }: LockOptions): string | undefined {
  const holder: Holder = { pid: process.pid, place: place(), until: now() + holdMs };
  const mine = JSON.stringify({ ...holder, id: randomBytes(8).toString("hex") });
  if (create(path, mine)) return mine;
  return clearStale(path, now()) && create(path, mine) ? mine : undefined;
}

/** Whether the lock was free. It appears with its content, never empty. */
function create(path: string, mine: string): boolean {
  const partial = besides(path);
  writeFileSync(partial, mine, { flag: "wx", mode: 0o600 });
  try {
    linkSync(partial, path);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(partial, { force: true });
  }
}

function release(path: string, mine: string): void {
  try {
    // Taken over meanwhile: then it is no longer ours to remove.
    if (readFileSync(path, "utf8") === mine) rmSync(path, { force: true });
  } catch {
    // Gone already.
  }
}

function clearStale(path: string, now: number): boolean {
  const text = readText(path);
  if (text === undefined) return true;
  if (!isStale(text, now)) return false;
  // Moved aside first: if a third process has taken the lock in between, it gets it back.
  const aside = besides(path);
  try {
    renameSync(path, aside);
  } catch {
    return true;
  }
  try {
    if (readText(aside) !== text) linkSync(aside, path);
  } catch {
    // A fourth one holds it now.
  } finally {
    rmSync(aside, { force: true });
  }
  return true;
}

const besides = (path: string): string => `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function isStale(text: string, now: number): boolean {
  const holder = parse(text);
  if (holder === undefined || now > holder.until) return true;
  return holder.place === place() && !isAlive(holder.pid);
}

function parse(text: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && "pid" in value && "place" in value && "until" in value) {
      const { pid, place, until } = value;
      if (typeof pid === "number" && typeof place === "string" && typeof until === "number") return { pid, place, until };
    }
  } catch {
    // Not one of ours.
  }
  return undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

function place(): string {
  try {
    return `${hostname()} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return hostname();
  }
}
