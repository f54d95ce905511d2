// One process at a time serves a folder. The kernel holds the lock on an open file, so it is
// free again the moment its holder is gone, however that went.
import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { SiteProblem } from "./problem.ts";

/** Who holds a lock. The start time tells a process from a later one of the same number. */
export interface Holder {
  readonly pid: number;
  readonly startTicks: string;
}

/** When a process started, in ticks since boot; undefined when there is none. */
export function startTicksOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name may hold blanks and brackets: count from the last bracket. 20th from there is the start; a zombie is gone.
    const rest = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return rest[0] === "Z" || rest[0] === "X" ? undefined : rest[19];
  } catch {
    return undefined;
  }
}

/** Whether the process that wrote this is the one that runs under its number now. */
export function isAlive(holder: Holder): boolean {
  return startTicksOf(holder.pid) === holder.startTicks;
}

/** Who wrote himself into the lock file last; he may be gone. */
export function holderOf(file: string): Holder | undefined {
  try {
    const parts = /^(\d{1,10}) (\d{1,20})\n/.exec(readFileSync(file, "utf8"));
    return parts?.[1] !== undefined && parts[2] !== undefined ? { pid: Number(parts[1]), startTicks: parts[2] } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Takes the lock or answers undefined when somebody has it; never waits. The answer gives it back.
 * flock(1) locks the open file it inherits, and the lock stays with our descriptor when it has ended.
 */
export function tryLock(file: string): (() => void) | undefined {
  const fd = openSync(file, "a+", 0o600);
  const tried = spawnSync("flock", ["-n", "-x", "3"], { stdio: ["ignore", "ignore", "ignore", fd], timeout: 10_000 });
  if (tried.status === 0) {
    // Whoever removed the file meanwhile took the name with it: our lock would be on nothing.
    if (statSync(file, { throwIfNoEntry: false })?.ino !== fstatSync(fd).ino) {
      closeSync(fd);
      return tryLock(file);
    }
    ftruncateSync(fd);
    writeSync(fd, `${process.pid} ${startTicksOf(process.pid) ?? "0"}\n`);
    let held = true;
    return () => {
      if (held) closeSync(fd);
      held = false;
    };
  }
  closeSync(fd);
  if (tried.status === 1) return undefined;
  throw new SiteProblem("local", "cannot lock the site's folder: the program flock does not work here", "install util-linux", tried.error);
}
