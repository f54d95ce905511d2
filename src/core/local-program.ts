// One local program of a pipeline: started from an argument vector, without a shell, on plain pipes.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { PactError } from "../api/index.ts";
import type { Sink } from "./sink.ts";
import { plainSink, pump } from "./stream-sink.ts";

/** How long a program has after SIGINT, in ms. */
export const GRACE_MS = 2000;
/** How long output is still read after a stopped program has ended, in ms. */
const LAST_WORDS_MS = 200;

export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** A program that could not be started; `exit` is what sh would say. */
export class NotStarted extends Error {
  readonly problem: PactError;
  readonly exit: 126 | 127;

  constructor(problem: PactError, exit: 126 | 127) {
    super(problem.message);
    this.problem = problem;
    this.exit = exit;
  }
}

function notStarted(name: string, cwd: string, error: Error): NotStarted {
  const code = "code" in error ? error.code : undefined;
  if (!existsSync(cwd)) return new NotStarted(new PactError("local", `the working folder ${cwd} is gone`, { cause: error }), 127);
  if (code === "ENOENT") {
    return new NotStarted(new PactError("local", `no program called ${JSON.stringify(name)} on this machine`, {
      reason: "after | stands a local program",
      hint: "to send the | to a node, quote it: '|'",
      cause: error,
    }), 127);
  }
  const reason = code === "EACCES" ? "permission denied" : error.message;
  return new NotStarted(new PactError("local", `cannot run ${JSON.stringify(name)}: ${reason}`, { cause: error }), 126);
}

/** Shell's number for how a program ended. A reader that left is no failure. */
function statusOf(code: number | null, signal: NodeJS.Signals | null): number {
  if (signal === "SIGPIPE") return 0;
  if (signal !== null) return 128 + constants.signals[signal];
  return code ?? 0;
}

export class LocalProgram {
  readonly #child: ChildProcessWithoutNullStreams;
  /** Where its input goes. */
  readonly stdin: Sink;
  /** Its exit status, 128+n after a signal; settles once it is gone. */
  readonly ended: Promise<number>;
  #grace: NodeJS.Timeout | undefined;

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    this.stdin = plainSink(child.stdin);
    this.ended = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        clearTimeout(this.#grace);
        resolve(statusOf(code, signal));
      });
    });
  }

  /** Throws NotStarted. */
  static async start(argv: readonly string[], { env, cwd }: Surroundings): Promise<LocalProgram> {
    const [name = "", ...args] = argv;
    try {
      const child = spawn(name, args, { env, cwd, stdio: ["pipe", "pipe", "pipe"] });
      const program = new LocalProgram(child);
      await new Promise<void>((resolve, reject) => {
        child.once("spawn", resolve);
        child.once("error", reject);
      });
      // A later signal that cannot be delivered is reported here; it must not end us.
      child.on("error", () => undefined);
      return program;
    } catch (error) {
      throw notStarted(name, cwd, error instanceof Error ? error : new Error(String(error)));
    }
  }

  endInput(): void {
    this.#child.stdin.end();
  }

  /** Sends its output on until both streams end or their readers leave. */
  async drain(out: Sink, err: Sink): Promise<void> {
    // Node's pipes are sockets: closing one with output in it would be an error for the
    // program, which prints it. The signal is what a pipe would have given.
    const readerGone = (): void => void this.#child.kill("SIGPIPE");
    await Promise.all([pump(this.#child.stdout, out, readerGone), pump(this.#child.stderr, err, readerGone)]);
  }

  /** SIGINT now, SIGKILL after the grace; its output is no longer waited for. */
  stop(): void {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#letGo();
    this.#child.kill("SIGINT");
    this.#grace ??= setTimeout(() => this.#child.kill("SIGKILL"), GRACE_MS);
    // Whoever inherited its output may hold it open for ever.
    void this.ended.then(() => this.#letGo());
  }

  #letGo(): void {
    // What the program wrote before it ended is still read.
    setTimeout(() => {
      this.#child.stdout.destroy();
      this.#child.stderr.destroy();
    }, LAST_WORDS_MS).unref();
  }
}
