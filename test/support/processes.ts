// Processes that a test answers for, found by what is in their command line: its
// own descendants, and orphans. Those of a test that runs beside it are not its.
import { readFileSync, readdirSync } from "node:fs";

interface Found {
  readonly line: string;
  readonly parent: string;
  readonly zombie: boolean;
}

function look(pid: string): Found | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state = "", parent = "0"] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { line, parent, zombie: state === "Z" };
  } catch {
    return undefined;
  }
}

/** Whether another running test is among the ancestors, and this one is not. */
function isSomebodyElses(pid: string): boolean {
  let others = false;
  for (let at = pid, found = look(at); found !== undefined && found.parent !== "0"; found = look(at)) {
    at = found.parent;
    if (at === String(process.pid)) return false;
    const above = look(at)?.line ?? "";
    others ||= /\bdist\/test\/\S+\.test\.js/.test(above);
  }
  return others;
}

/** `PID COMMAND LINE` of each living process that holds a mark. */
export function processesWith(mark: string): string[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && name !== String(process.pid)).flatMap((pid) => {
    const found = look(pid);
    return found !== undefined && !found.zombie && found.line.includes(mark) && !isSomebodyElses(pid) ? [`${pid} ${found.line}`] : [];
  });
}
