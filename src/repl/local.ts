// `!CMD`: a command line of the operator's own, through their shell. On a terminal it has the
// terminal to itself; without one it writes to plain pipes. It never sees pact's secrets.
import { spawn } from "node:child_process";
import { accessSync, closeSync, constants as files, existsSync, openSync } from "node:fs";
import { constants, platform } from "node:os";
import type { IPty } from "node-pty";
import { PactError, type TerminalLease } from "../api/index.ts";
import type { Sink } from "../core/sink.ts";
import { pump } from "../core/stream-sink.ts";
import { withoutSecrets } from "./child-env.ts";

export interface LocalPlace {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** How long a command has to end after it was asked to, in ms. */
const GRACE_MS = 2000;
/** Bytes on their way to the terminal before the command has to wait. */
const MOST_PENDING = 1 << 20;
/** How often a command is looked after, in ms: whether it is gone, and its output with it. */
const LOOK_MS = 10;

function shellOf(env: NodeJS.ProcessEnv): string {
  const own = env["SHELL"];
  if (own !== undefined && own.startsWith("/")) {
    try {
      accessSync(own, files.X_OK);
      return own;
    } catch {
      // A shell that is not there any more; sh always is.
    }
  }
  return "/bin/sh";
}

/** Runs a command on the terminal of a lease, which is released at the end. Answers its status, 128+n after a signal. */
export async function runOnTerminal(command: string, place: LocalPlace, lease: TerminalLease, signal: AbortSignal): Promise<number> {
  try {
    if (signal.aborted) return 128 + constants.signals.SIGINT;
    if (!existsSync(place.cwd)) throw new PactError("local", `the working folder ${place.cwd} is gone`);
    const { spawn: spawnPty } = await import("node-pty");
    const { rows, cols } = lease.size;
    const env = withoutSecrets(place.env);
    // Bytes, not text: encoding null.
    const pty = spawnPty(shellOf(env), ["-c", command], { name: lease.term, cols, rows, cwd: place.cwd, env, encoding: null });
    return await attach(pty, lease, signal);
  } finally {
    lease.release();
  }
}

/** Holds the terminal's other end open, or the last output of a command that ends at once is lost (Linux). */
function holdSlave(pty: IPty): () => void {
  const name: unknown = platform() === "linux" ? Reflect.get(pty, "_pty") : undefined;
  if (typeof name !== "string") return () => undefined;
  let slave: number | undefined = openSync(name, files.O_RDWR | files.O_NOCTTY);
  return () => {
    if (slave !== undefined) closeSync(slave);
    slave = undefined;
  };
}

async function attach(pty: IPty, lease: TerminalLease, signal: AbortSignal): Promise<number> {
  let pending = 0;
  let quiet = 0;
  let gone = false;
  let last: Promise<void> = Promise.resolve();
  // Typed as text, but bytes with encoding null.
  pty.onData((data: string | Uint8Array) => {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    quiet = 0;
    pending += bytes.length;
    if (pending > MOST_PENDING && !gone) pty.pause();
    last = lease.write(bytes).then(() => {
      pending -= bytes.length;
      if (pending <= MOST_PENDING / 2) pty.resume();
    });
  });
  const ended = new Promise<number>((resolve) => {
    pty.onExit(({ exitCode, signal: by }) => resolve(by !== undefined && by !== 0 ? 128 + by : exitCode));
  });
  const letGo = holdSlave(pty);
  // A paused terminal would lose what is still in it when its command ends; and once a
  // command is gone and its output with it, nothing is gained by waiting longer.
  const look = setInterval(() => {
    gone ||= !existsSync(`/proc/${pty.pid}`);
    if (!gone) return;
    pty.resume();
    quiet += 1;
    if (quiet > 2) letGo();
  }, LOOK_MS);
  if (platform() !== "linux") clearInterval(look);
  lease.onInput((bytes) => pty.write(Buffer.from(bytes)));
  lease.onResize((rows, cols) => {
    if (!gone) pty.resize(Math.max(1, cols), Math.max(1, rows));
  });
  const stop = stopper((name) => pty.kill(name), signal);
  try {
    const status = await ended;
    gone = true;
    await last;
    return status;
  } finally {
    clearInterval(look);
    stop();
    letGo();
  }
}

/** SIGHUP when the signal aborts, SIGKILL after the grace; answers how to stop caring. */
function stopper(kill: (name: NodeJS.Signals) => void, signal: AbortSignal): () => void {
  let timer: NodeJS.Timeout | undefined;
  const safely = (name: NodeJS.Signals): void => {
    try {
      kill(name);
    } catch {
      // It is gone already.
    }
  };
  const aborted = (): void => {
    safely("SIGHUP");
    timer = setTimeout(() => safely("SIGKILL"), GRACE_MS);
  };
  if (signal.aborted) aborted();
  signal.addEventListener("abort", aborted, { once: true });
  return () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", aborted);
  };
}

/** Runs a command on plain pipes, without input. Answers its status, 128+n after a signal. */
export async function runOnPipes(command: string, place: LocalPlace, out: Sink, err: Sink, signal: AbortSignal): Promise<number> {
  const env = withoutSecrets(place.env);
  const child = spawn(shellOf(env), ["-c", command], { env, cwd: place.cwd, stdio: ["ignore", "pipe", "pipe"] });
  const stop = stopper((name) => child.kill(name === "SIGHUP" ? "SIGINT" : name), signal);
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", (error) => reject(new PactError("local", `cannot run a local command: ${error.message}`, { cause: error })));
    child.once("exit", (code, by) => resolve(by !== null ? 128 + constants.signals[by] : (code ?? 0)));
  });
  const letGo = (): void => {
    child.stdout.destroy();
    child.stderr.destroy();
  };
  try {
    const readerGone = (): void => void child.kill("SIGPIPE");
    const copied = Promise.all([pump(child.stdout, out, readerGone), pump(child.stderr, err, readerGone)]);
    copied.catch(() => undefined);
    const status = await ended;
    // After an interrupt something in the background may hold the pipes for ever.
    if (signal.aborted) letGo();
    else signal.addEventListener("abort", letGo, { once: true });
    await copied;
    return status;
  } finally {
    signal.removeEventListener("abort", letGo);
    stop();
  }
}
