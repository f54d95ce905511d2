// A program on a terminal of its own, by node-pty, without losing the end of its output.
import { closeSync, constants, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { spawn, type IPty } from "node-pty";
import { endSession } from "./children.ts";

export interface PtyOptions {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly rows: number;
  readonly cols: number;
  /** Takes a chunk at once; answers false when there should be a pause. */
  readonly output: (chunk: Buffer) => boolean;
}

export interface Terminal {
  /** Its session's id as well. */
  readonly pid: number;
  write(data: Buffer): void;
  resize(rows: number, cols: number): void;
  /** Output goes on after a pause. */
  resume(): void;
  /** Everything it wrote has been handed over by then. */
  readonly ended: Promise<{ readonly exitCode: number; readonly signal: number }>;
  /** Ends the program and all it started. */
  end(): Promise<void>;
}

/** While output is paused the program's end shows only by its pid; in ms. */
const LOOK_MS = 20;

/** Throws when there is no terminal to be had. */
export function openTerminal(options: PtyOptions): Terminal {
  const { file, args, cwd, env, rows, cols } = options;
  const pty = spawn(file, [...args], { name: env["TERM"] ?? "xterm", cwd, env: { ...env }, rows, cols, encoding: null });
  const release = holdSlave(pty);
  let paused = false;
  let look: NodeJS.Timeout | undefined;
  let over = false;
  const resume = (): void => {
    clearInterval(look);
    if (!paused) return;
    paused = false;
    pty.resume();
  };
  const pause = (): void => {
    if (paused || over) return;
    paused = true;
    pty.pause();
    // What a dead program left in the terminal must be read before the terminal is closed.
    look = setInterval(() => { if (!isAlive(pty.pid)) { over = true; resume(); } }, LOOK_MS);
  };
  // With encoding null chunks are Buffers, whatever the declaration says.
  pty.onData((chunk: string | Buffer) => {
    if (!options.output(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk))) pause();
  });
  const ended = new Promise<{ exitCode: number; signal: number }>((resolve) => {
    pty.onExit(({ exitCode, signal }) => {
      over = true;
      resume();
      release();
      resolve({ exitCode, signal: signal ?? 0 });
    });
  });
  return {
    pid: pty.pid,
    ended,
    resume,
    write: (data) => { if (!over) pty.write(data); },
    resize(rows, cols) {
      try {
        if (!over) pty.resize(cols, rows);
      } catch {
        // It ended this moment.
      }
    },
    async end() {
      resume();
      await endSession(pty.pid);
      // A child so young that it has not come to its own session yet was no member of it.
      while (!over && isAlive(pty.pid)) {
        await Promise.race([ended, sleep(LOOK_MS)]);
        if (!over) await endSession(pty.pid);
      }
      await ended;
    },
  };
}

/** Keeps the slave side open until the exit was told: else Linux drops what was not read yet. */
function holdSlave(pty: IPty): () => void {
  const path = "_pty" in pty && typeof pty._pty === "string" ? pty._pty : undefined;
  if (process.platform !== "linux" || path === undefined) return () => {};
  const slave = openSync(path, constants.O_RDWR | constants.O_NOCTTY);
  return () => closeSync(slave);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
