// `pact` without a command: the interactive shell, or lines when stdin is not a
// terminal. The only way but `npm start` that starts the embedded site by itself.
import { join } from "node:path";
import { type Word, wordsFromArgv } from "../core/word.ts";
import { History } from "../repl/history.ts";
import { runShell } from "../repl/repl.ts";
import { processTerminal } from "../repl/terminal.ts";
import { Host } from "./host.ts";
import type { Io } from "./io.ts";
import { runStream } from "./script.ts";
import { HostForShell } from "./shell-host.ts";

/** Starts the default site when no journal is configured and none runs. */
async function ensureSite(host: Host, words: readonly Word[], io: Io, signal: AbortSignal): Promise<void> {
  const { settings, site } = await host.loader.load(host.globalsOf(words), true);
  if (site !== undefined || settings.endpoint.from !== "default") return;
  await io.err.write("no site runs here yet: starting the embedded one\n");
  const up = ["site", "up", "--detach"];
  if ((await host.run(wordsFromArgv(up), io.err, io.err, signal)) === 0 || signal.aborted) return;
  await io.err.write("trying free ports instead\n");
  await host.run(wordsFromArgv([...up, "--port", "0"]), io.err, io.err, signal);
}

async function bannerOf(host: Host): Promise<readonly string[]> {
  const { settings } = await host.loader.load({}, true);
  const network = await host.background();
  const identity = await network?.identity();
  const who = await identity?.whoami().catch(() => undefined);
  const { version } = host.catalog().version();
  const server = `${settings.endpoint.value}${who === undefined ? "" : ` as ${who.principal} (${who.role})`}`;
  return [`pact ${version} · ${server}`, "help lists commands, Tab completes, exit or Ctrl-D leaves"];
}

/** The shell, or the lines on stdin. Global flags on the command line hold for each line. */
export async function runBare(words: readonly Word[], io: Io, signal: AbortSignal): Promise<number> {
  const interactive = io.stdinTty && io.stdoutTty;
  const terminal = interactive ? processTerminal(process, io.out, io.err) : undefined;
  let history: History | undefined;
  const host = await Host.create(io, {
    interactive: true,
    defaults: words,
    ...(terminal === undefined ? {} : { terminal: () => terminal, lend: () => terminal.lend() }),
    history: () => history?.lines() ?? [],
    setPrivate: (on) => history?.setPrivate(on),
  });
  try {
    await ensureSite(host, words, io, signal);
    if (terminal === undefined) return await runStream(io.input, io, { keepGoing: false, name: "-", defaults: words }, signal);
    history = new History({ path: join(host.loader.paths.state, "history.jsonl"), now: io.now, warn: (text) => terminal.notice(text) });
    return await runShell(new HostForShell(host, history, await bannerOf(host), process.cwd()), terminal);
  } finally {
    await host.close();
  }
}
