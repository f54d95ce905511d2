// Which process writes to a journal's folder. Two writers would each go on from
// their own idea of the last record, so the second is refused. The claim is made
// inside an lmdb write transaction, which only one process can be in.
import { readFileSync } from "node:fs";
import type { Files } from "./files.ts";

const OWNER = "owner";

/** When a process began, in clock ticks since boot; empty where the system does not tell. Tells a reused pid apart. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, in parentheses, may hold anything; fields count from behind it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A dead process that nobody has waited for still has its number, and writes no more.
    return fields[0] === "Z" || fields[0] === "X" ? "" : fields[19] ?? "";
  } catch {
    return "";
  }
}

function alive(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  return startOf(pid) === start;
}

/** Makes this process the writer. Throws when another, living one is. */
export function claim(files: Files): void {
  files.root.transactionSync(() => {
    const [pid, start] = (files.meta.get(OWNER)?.toString("utf8") ?? "").split(" ");
    if (pid !== undefined && pid !== "" && alive(Number(pid), start ?? "")) {
      throw new Error(`the journal is in use by process ${pid}`);
    }
    files.meta.putSync(OWNER, Buffer.from(`${process.pid} ${startOf(process.pid)}`));
  });
}

/** Gives the folder up. */
export function release(files: Files): void {
  files.meta.removeSync(OWNER);
}
