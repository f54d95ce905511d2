// What a program of a node must not inherit: libraries open files of the site (its
// databases) without the mark that closes them in children, and Node cannot set it.
import { openSync, readdirSync, readFileSync } from "node:fs";

type Stream = "ignore" | "pipe";

const CLOSE_ON_EXEC = 0o2000000;
/** How long a look at our descriptors counts, ms: such files are opened when the site starts, not while it runs. */
const FRESH_MS = 1000;

let inherited: readonly number[] = [];
let lookedAt = -Infinity;
let nothing: number | undefined;

/** Our descriptors above 2 that a child would get. */
function look(): number[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc/self/fd").map(Number).filter((fd) => fd > 2 && !closesOnExec(fd));
}

function closesOnExec(fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1];
    return flags !== undefined && (parseInt(flags, 8) & CLOSE_ON_EXEC) !== 0;
  } catch {
    // Closed since it was listed.
    return true;
  }
}

/** Standard streams for a child, and /dev/null in place of everything else it would inherit. */
export function sealed<In extends Stream, Out extends Stream, Err extends Stream>(stdin: In, stdout: Out, stderr: Err): [In, Out, Err] {
  const streams: [In, Out, Err] = [stdin, stdout, stderr];
  if (performance.now() - lookedAt > FRESH_MS) {
    inherited = look();
    lookedAt = performance.now();
  }
  if (inherited.length === 0) return streams;
  nothing ??= openSync("/dev/null", "r+");
  const others = new Array<"ignore" | number>(Math.max(...inherited) - 2).fill("ignore");
  // "ignore" leaves a descriptor above 2 as it is; only one given by number replaces it.
  for (const fd of inherited) others[fd - 3] = nothing;
  // The declarations of spawn know tuples of three streams only; it takes more.
  return [...streams, ...others] as unknown as [In, Out, Err];
}
