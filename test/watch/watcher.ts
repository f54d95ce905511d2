// `pact watch` of the built program as a child: what it printed so far, and ways to wait for it.
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { until } from "../client/support/client.ts";

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
  lines(): Line[];
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
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => child.once("close", (code, signal) => resolve({ code, signal })));
  const lines = (): Line[] => out.split("\n").slice(0, -1).map((line): Line => JSON.parse(line));
  const seqs = (): number[] => lines().flatMap(({ seq }) => (seq === null ? [] : [seq]));
  const watcher: Watcher = {
    child, lines, seqs, exited,
    stderr: () => err,
    shows: (seq) => until(() => seqs().includes(seq), `#${seq} in ${out.slice(-500)} ${err}`),
    says: (words) => until(() => words.test(err), `${words} in ${err}`),
    async interrupt() {
      child.kill("SIGINT");
      return (await exited).code;
    },
  };
  await watcher.says(/^watching /m);
  return watcher;
}
