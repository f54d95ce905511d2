// One run of a service, from its start to the end of everything it started. Its first
// process, made by us, is pid 1 of a namespace of its own: it passes on SIGTERM, reaps, and
// when it ends the kernel ends what is left, however far that has moved away.
import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { childOf, endSession, membersOf } from "./children.ts";
import { sealed } from "./descriptors.ts";
import type { Place } from "./place.ts";
import { NODE_ENV } from "./run.ts";
import type { Definition } from "./service-file.ts";

/** $1… the service. Its first line says the pid, as the node sees it, or why it cannot run; all that follows is the service's. */
const FIRST = `unset FIRST
trap 'kill -CONT -1; kill -TERM -1' TERM
program=$(type -P -- "$1")
[[ -f $program ]] || { echo "no: $1 is not there or may not be run"; exit 127; }
{ read -r self _ < /proc/self/stat; echo "pid $self"; exec /usr/bin/env --default-signal=INT,QUIT /bin/sh -c 'exec "$@"' sh "$@" 2>&1; } &
main=$!
while wait "$main"; kill -0 "$main"; do :; done 2>/dev/null
wait "$main"
exit "$?"`;

/** How long the first line may take, ms of real time. */
const START_MS = 10_000;
const MOST_FIRST = 8192;
/** Bytes of output that are taken in a second; a service that says more waits. */
const MOST_PER_SECOND = 4 * 1024 * 1024;

export interface RunEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServiceRun {
  /** Its pid as the node sees it. */
  readonly pid: number;
  /** Once nothing of it is left, and all it said was written. */
  readonly ended: Promise<RunEnd>;
  /** SIGTERM to all of it, after `graceMs` SIGKILL. Resolves when nothing is left. */
  stop(graceMs: number): Promise<void>;
}

/** Starts a service; throws an Error that says why it does not run, and then nothing of it is left. */
export async function runService(place: Place, { binary, args }: Definition, write: (chunk: Buffer) => Promise<void>): Promise<ServiceRun> {
  const { file, args: words, cwd } = await place.launch("/bin/bash", ["-p", "-c", 'eval "$FIRST"', "pact-service", binary, ...args], { alone: true });
  // The script is not in the arguments, which whoever lists processes wants to read.
  const child = spawn(file, words, { cwd, env: { ...NODE_ENV, FIRST }, stdio: sealed("ignore", "pipe", "pipe"), detached: true });
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => (complaint = (complaint + chunk.toString("utf8")).slice(-500)));
  const closed = new Promise<RunEnd>((resolve) => {
    child.on("error", (error) => { complaint ||= error.message; resolve({ code: null, signal: null }); });
    child.on("exit", (code, signal) => resolve({ code, signal }));
  });
  const gone = new AbortController();
  const output = splitOutput(child.stdout, write, gone.signal);
  const session = child.pid;
  const ended = closed.then(async (end) => {
    gone.abort();
    // Somebody may have ended our side of it alone.
    if (session !== undefined) await endSession(session, 0);
    await output.drained;
    return end;
  });
  const first = await Promise.race([output.first, ended.then(() => undefined), sleep(START_MS, undefined, { signal: gone.signal, ref: false }).catch(() => undefined)]);
  const pid = Number(/^pid (\d+)$/.exec(first ?? "")?.[1]);
  if (session === undefined || !Number.isSafeInteger(pid)) {
    if (session !== undefined) await endSession(session, 0);
    await ended;
    throw new Error(/^no: (.*)$/.exec(first ?? "")?.[1] ?? (complaint.trim().split("\n").at(-1) || "it did not start in time"));
  }
  return { pid, ended, stop: stopOf(session, ended) };
}

function stopOf(session: number, ended: Promise<RunEnd>): ServiceRun["stop"] {
  // What enters the namespace, what makes the one inside it, and pid 1 there, which alone knows how to end.
  const maker = childOf(session);
  const first = maker === undefined ? undefined : childOf(maker);
  const signal = (name: NodeJS.Signals): void => {
    try {
      if (first !== undefined && membersOf(session).includes(first)) process.kill(first, name);
    } catch {
      // Gone meanwhile.
    }
  };
  return async (graceMs) => {
    signal("SIGTERM");
    const over = await Promise.race([ended.then(() => true), sleep(graceMs, false, { ref: false })]);
    if (over) return;
    signal("SIGKILL");
    await endSession(session, 0);
    await ended;
  };
}

/** The first line, and everything after it written at the pace of the log. */
function splitOutput(stdout: Readable, write: (chunk: Buffer) => Promise<void>, gone: AbortSignal): { first: Promise<string | undefined>; drained: Promise<void> } {
  let said: (line: string | undefined) => void = () => {};
  const first = new Promise<string | undefined>((resolve) => (said = resolve));
  const drain = async (): Promise<void> => {
    let head: Buffer | undefined = Buffer.alloc(0);
    let taken = 0;
    let since = performance.now();
    for await (const chunk of stdout) {
      if (!Buffer.isBuffer(chunk)) continue;
      let rest = chunk;
      if (head !== undefined) {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf(10);
        if (end < 0 && head.length < MOST_FIRST) continue;
        said(head.subarray(0, Math.max(end, 0)).toString("utf8"));
        rest = head.subarray(end + 1);
        head = undefined;
      }
      if (rest.length > 0) await write(rest);
      taken += rest.length;
      const left = since + 1000 - performance.now();
      if (left <= 0 || taken > MOST_PER_SECOND) {
        if (left > 0) await sleep(left, undefined, { signal: gone, ref: false }).catch(() => {});
        taken = 0;
        since = performance.now();
      }
    }
  };
  return { first, drained: drain().catch(() => {}).finally(() => said(undefined)) };
}
