// Runs one program of a node to its end: output as it comes and no faster than it is
// taken, bounded in bytes and time, and nothing left of it afterwards.
import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable } from "node:stream";
import { Capture, type Digest } from "./capture.ts";
import { endSession } from "./children.ts";
import { sealed } from "./descriptors.ts";
import type { Launch } from "./place.ts";
import { NODE_PATH } from "./root.ts";

/** All a program gets to know of its surroundings; pagers off. */
export const NODE_ENV: Readonly<Record<string, string>> = {
  PATH: NODE_PATH,
  HOME: "/tmp",
  LANG: "C.UTF-8",
  PAGER: "cat",
  SYSTEMD_PAGER: "cat",
  MANPAGER: "cat",
  SYSTEMD_COLORS: "0",
};

/** How long what a program left behind may hold the pipes, ms. */
const LINGER_MS = 1000;

export type StreamName = "stdout" | "stderr";

export interface RunOptions {
  readonly launch: Launch;
  /** Bytes of each stream. */
  readonly outputLimit: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Takes a chunk; resolves when the next may come. */
  readonly output: (stream: StreamName, chunk: Buffer) => Promise<void>;
}

export interface RunEnd {
  /** -1 when a signal ended it. */
  readonly exitCode: number;
  readonly signal: NodeJS.Signals | null;
  readonly ended: "itself" | "cancelled" | "timeout" | "limit";
  /** Streams that were cut at the limit. */
  readonly cut: readonly StreamName[];
  readonly stdout: Digest;
  readonly stderr: Digest;
}

/** Throws only when the program cannot be started. */
export async function runToEnd(options: RunOptions): Promise<RunEnd> {
  const { launch } = options;
  const child = spawn(launch.file, launch.args, { cwd: launch.cwd, env: NODE_ENV, stdio: sealed("ignore", "pipe", "pipe"), detached: true });
  const closed = ending(child);
  const session = await started(child);
  const captures = { stdout: new Capture(), stderr: new Capture() };
  const cut: StreamName[] = [];
  let ended: RunEnd["ended"] = "itself";
  let endingAll: Promise<void> | undefined;
  const end = (why: RunEnd["ended"]): void => {
    if (endingAll !== undefined) return;
    ended = why;
    endingAll = endSession(session);
  };
  const timer = setTimeout(() => end("timeout"), options.timeoutMs);
  const cancel = (): void => end("cancelled");
  options.signal.addEventListener("abort", cancel, { once: true });
  if (options.signal.aborted) cancel();
  const pump = async (name: StreamName, stream: Readable): Promise<void> => {
    for await (const chunk of stream) {
      if (!Buffer.isBuffer(chunk) || cut.includes(name)) continue;
      const kept = chunk.subarray(0, options.outputLimit - captures[name].bytes);
      captures[name].add(kept);
      if (kept.length > 0) await options.output(name, kept);
      if (kept.length < chunk.length) {
        cut.push(name);
        end("limit");
      }
    }
  };
  try {
    // A stream that was destroyed ends its pump with an error; what came before counts.
    await Promise.all([pump("stdout", child.stdout).catch(() => {}), pump("stderr", child.stderr).catch(() => {}), closed]);
    const { code, signal } = await closed;
    return { exitCode: code ?? -1, signal, ended, cut, stdout: captures.stdout.digest(), stderr: captures.stderr.digest() };
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener("abort", cancel);
    await endingAll;
  }
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

function started(child: Child): Promise<number> {
  return new Promise((resolve, reject) => {
    if (child.pid !== undefined) resolve(child.pid);
    else child.once("error", reject);
  });
}

/** The program's end. Whatever else of its session still holds the pipes is ended soon after it. */
function ending(child: Child): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve) => {
    child.on("error", () => resolve({ code: -1, signal: null }));
    child.on("exit", (code, signal) => {
      const session = child.pid;
      const late = setTimeout(() => void (session === undefined ? undefined : endSession(session, 0)), LINGER_MS);
      child.on("close", () => clearTimeout(late));
      resolve({ code, signal });
    });
  });
}
