// A shell with a handful of commands of its own, for tests under a real terminal.
// Arguments: the history file. Commands: echo, fail N, wait, deaf, burst, ask, ready.
import { History } from "../../../src/repl/history.ts";
import { type ShellHost, runShell } from "../../../src/repl/host.ts";
import { processTerminal } from "../../../src/repl/terminal.ts";
import { withoutSecrets } from "../../../src/repl/child-env.ts";
import { plainSink } from "../../../src/core/stream-sink.ts";
import type { Sink } from "../../../src/core/sink.ts";

const out = plainSink(process.stdout);
const err = plainSink(process.stderr);
const terminal = processTerminal(process, out, err);
const history = new History({ path: process.argv[2], warn: (text) => terminal.notice(text) });

let last = 0;
let leaving = false;
const hang = (signal: AbortSignal): Promise<number> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(130);
    signal.addEventListener("abort", () => resolve(130));
  });

const commands: Record<string, (rest: string[], to: Sink, signal: AbortSignal) => Promise<number>> = {
  async echo(rest, to) {
    await to.write(`${rest.join(" ")}\n`);
    return 0;
  },
  /** Without a line end. */
  async part(rest, to) {
    await to.write(rest.join(" "));
    return 0;
  },
  fail: async ([code]) => Number(code),
  async wait(_rest, to, signal) {
    await to.write("waiting\n");
    const exit = await hang(signal);
    await to.write("cancelled\n");
    return exit;
  },
  /** Ignores the abort, and writes long after it; answers when told by SIGUSR2. */
  async deaf(_rest, to) {
    await to.write("deaf\n");
    await new Promise<void>((resolve) => process.once("SIGUSR2", resolve));
    await to.write("LATE\n");
    return 0;
  },
  /** Its promise is never settled and the process has nothing to wait for but the terminal. */
  throw: async () => {
    throw new Error("boom");
  },
  async crash() {
    setImmediate(() => {
      throw new Error("crash");
    });
    return hang(new AbortController().signal);
  },
  async exit() {
    leaving = true;
    return 0;
  },
};

const host: ShellHost = {
  env: withoutSecrets(process.env),
  cwd: process.cwd(),
  history,
  async command(words, to, errors, signal) {
    const [name = "", ...rest] = words.map((word) => word.text);
    const command = commands[name];
    if (command !== undefined) return command(rest, to, signal);
    await errors.write(`error: no command called ${name}\n`);
    return 1;
  },
  complete: async (line, cursor) => ({ start: 0, candidates: line.slice(0, cursor) === "ec" ? [{ text: "echo" }] : [] }),
  prompt: () => ({ vcluster: "ml-training", node: undefined, lastExit: last, segments: [] }),
  banner: () => [`pid ${process.pid}`, "type exit to leave"],
  finished(_line, exit) {
    last = exit;
  },
  leaving: () => leaving,
};

process.exitCode = await runShell(host, terminal, { stopWaitMs: Number(process.env["STOP_WAIT_MS"] ?? 4000) });
