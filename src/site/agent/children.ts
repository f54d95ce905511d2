// Ending what a command or a session started: the whole session by its id, inside
// namespaces too, because a process may leave its group but not, here, its session.
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** How long a process has between SIGTERM and SIGKILL, ms of real time. */
const GRACE_MS = 1000;

/** Pids (as this process sees them) of a session, without those that only wait to be reaped. */
export function membersOf(session: number): number[] {
  const found: number[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = statOf(name);
    if (stat !== undefined && stat.session === session && stat.state !== "Z" && stat.state !== "X") found.push(Number(name));
  }
  return found;
}

/** The first child of a process that is alive; undefined when it has none. */
export function childOf(parent: number): number | undefined {
  const found = readdirSync("/proc").find((name) => /^\d+$/.test(name) && statOf(name)?.parent === parent);
  return found === undefined ? undefined : Number(found);
}

function statOf(pid: string): { state: string; parent: number; session: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name may hold blanks and parentheses; the fields start behind the last one.
    const [state = "", parent, , session] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state, parent: Number(parent), session: Number(session) };
  } catch {
    return undefined;
  }
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // Gone meanwhile.
    }
  }
}

/** Ends every process of a session: SIGTERM, after a second SIGKILL. Resolves when none is left. */
export async function endSession(session: number, grace = GRACE_MS): Promise<void> {
  let left = membersOf(session);
  if (left.length === 0) return;
  signalAll(left, "SIGTERM");
  signalAll(left, "SIGCONT");
  const until = performance.now() + grace;
  for (let wait = 5; (left = membersOf(session)).length > 0; wait = Math.min(wait * 2, 100)) {
    if (performance.now() >= until) signalAll(left, "SIGKILL");
    await sleep(wait);
  }
}
