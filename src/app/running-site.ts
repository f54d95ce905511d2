// The embedded site of this user, if one runs: read from its description file.
// The file is believed only when it is ours and its process lives.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { SITE_FILE, type SiteFile } from "../contract/control.ts";

export interface RunningSite {
  readonly dir: string;
  readonly file: SiteFile;
}

const isText = (value: unknown): value is string => typeof value === "string";

function looksRight(value: unknown): value is SiteFile {
  if (typeof value !== "object" || value === null) return false;
  const file = value as Partial<SiteFile>;
  return file.version === 1 && Number.isInteger(file.pid) && Number(file.pid) > 0 && isText(file.journal?.grpc) && isText(file.journal?.http) &&
    Array.isArray(file.nodes) && file.nodes.every((node) => isText(node?.node_id) && isText(node?.endpoint));
}

/** Whether there is a process of that number; it may have ended and not been waited for. */
function answers(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Whether a process lives; one that has ended and was not waited for does not. */
function alive(pid: number): boolean {
  if (!answers(pid)) return false;
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    // No /proc on this system: the signal's answer is all there is.
    return true;
  }
}

/** The last file looked at: a shell asks twice a line, and the file changes when a site starts. */
let last: { readonly mark: string; readonly file: SiteFile; seenAlive: number } | undefined;
/** A process that has ended without being waited for is told from one that lives by a look into /proc: once in so many ms. */
const LOOK_MS = 1_000;

/** The site in a folder when it runs and is this user's; undefined otherwise, whatever the file holds. */
export function runningSite(dir: string): RunningSite | undefined {
  try {
    const path = join(dir, SITE_FILE);
    const uid = process.getuid?.();
    const stat = statSync(path);
    if (uid !== undefined && stat.uid !== uid) return undefined;
    if (stat.size > 4 * 1024 * 1024) return undefined;
    const mark = [path, stat.dev, stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join(" ");
    if (last?.mark !== mark) {
      const file: unknown = JSON.parse(readFileSync(path, "utf8"));
      if (!looksRight(file) || (uid !== undefined && file.uid !== uid)) return undefined;
      last = { mark, file, seenAlive: Number.NEGATIVE_INFINITY };
    }
    const now = performance.now();
    if (now - last.seenAlive < LOOK_MS) return answers(last.file.pid) ? { dir, file: last.file } : undefined;
    if (!alive(last.file.pid)) return undefined;
    last.seenAlive = now;
    return { dir, file: last.file };
  } catch {
    return undefined;
  }
}
