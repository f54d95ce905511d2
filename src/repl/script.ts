// Lines from a file or a pipe: no prompt, no banner, no history.
import { FAILURES } from "../api/index.ts";
import type { Sink } from "../core/sink.ts";
import type { ShellHost } from "./host.ts";
import { runText } from "./line.ts";
import { runOnPipes } from "./local.ts";
import { maskSecrets } from "./mask.ts";

export interface ScriptOptions {
  /** Go on after a line that fails; the status is then that of the last one that failed. */
  readonly keepGoing: boolean;
  /** The script's name in messages. */
  readonly name: string;
}

/** A longer line is a mistake, not a command. */
const LONGEST_LINE = 1 << 20;

/**
 * Runs lines in order; `#` begins a comment. Stops at the first that fails and answers its
 * status, or goes on and answers the last failing one. Messages name the line.
 */
export async function runScript(
  lines: AsyncIterable<string>, host: ShellHost, out: Sink, err: Sink, options: ScriptOptions, signal: AbortSignal,
): Promise<number> {
  let failed = 0;
  let number = 0;
  for await (const raw of lines) {
    number += 1;
    const line = raw.replace(/\r$/, "").replace(number === 1 ? /^\ufeff/ : /^$/, "");
    if (signal.aborted) return FAILURES.interrupted.exit;
    if (line.trim() === "" || line.trimStart().startsWith("#")) continue;
    const started = performance.now();
    const exit = await runText(line, host, { out, err }, (command, stop) => runOnPipes(command, host, out, err, stop), signal);
    host.finished(line, exit, performance.now() - started);
    if (exit !== 0) {
      failed = exit;
      await err.write(`${options.name}:${number}: exit ${exit}: ${maskSecrets(line.trim())}\n`);
      if (!options.keepGoing || signal.aborted) return exit;
    }
    if (host.leaving()) break;
  }
  return signal.aborted ? FAILURES.interrupted.exit : failed;
}

/** The lines of a stream; the last needs no line end. A line too long to be one ends the script. */
export async function* linesOf(stream: AsyncIterable<Uint8Array | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let held = "";
  for await (const chunk of stream) {
    held += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    const lines = held.split("\n");
    held = lines.pop() ?? "";
    yield* lines;
    if (held.length > LONGEST_LINE) throw new Error(`a line of more than ${LONGEST_LINE} characters`);
  }
  held += decoder.decode();
  if (held !== "") yield held;
}
