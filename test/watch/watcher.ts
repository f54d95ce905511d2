// `pact watch` of the built program as a child: what it printed so far, and ways to wait for it.
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { until } from "../repl/support/sinks.ts";

/** A loaded machine takes long to start a site; nothing here waits so long when it works. */
const LONGEST_MS = 30_000;
const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));

/** A line of `watch --output ndjson`. */
export interface Line {
  readonly seq: number | null;
  readonly type: string;
  readonly message: string;
  readonly detail: { readonly first: number; readonly last: number; readonly cause: string } | null;
}

export interface Watcher {
  readonly child: ChildProcess;
  /** Everything so far; grows. */
  lines(): readonly Line[];
  seqs(): number[];
  stderr(): string;
  /** Waits until a sequence has been printed. */
  shows(seq: number): Promise<void>;
  /** Waits until stderr holds a text. */
  says(words: RegExp): Promise<void>;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** Ctrl-C; answers the exit status. */
  interrupt(): Promise<number | null>;
}

/** Starts watching; resolves once it says so. */
export async function startWatcher(words: readonly string[], env: Readonly<Record<string, string>>): Promise<Watcher> {
  const child = spawn(process.execPath, [MAIN, "watch", "--output", "ndjson", ...words], { env, stdio: ["ignore", "pipe", "pipe"] });
  process.once("exit", () => child.kill("SIGKILL"));
  let out = "";
  let err = "";
  const parsed: Line[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const whole = (out + text).split("\n");
    out = whole.pop() ?? "";
    for (const line of whole) parsed.push(JSON.parse(line));
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => child.once("close", (code, signal) => resolve({ code, signal })));
  const seqs = (): number[] => parsed.flatMap(({ seq }) => (seq === null ? [] : [seq]));
  const watcher: Watcher = {
    child, seqs, exited,
    lines: () => parsed,
    stderr: () => err,
    shows: (seq) => until(() => parsed.some((line) => line.seq === seq), `#${seq} after #${seqs().at(-1)}; ${err}`, LONGEST_MS),
    says: (words) => until(() => words.test(err), `${words} in ${err}`, LONGEST_MS),
    async interrupt() {
      child.kill("SIGINT");
      return (await exited).code;
    },
  };
  await watcher.says(/^watching /m);
  return watcher;
}
