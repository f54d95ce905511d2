// One typed line, from text to exit status. The interactive shell and scripts share it.
import { FAILURES, asPactError } from "../api/index.ts";
import { type Line, parseLine } from "../core/grammar.ts";
import { type PipelineHost, runLine, showFailure } from "../core/pipeline.ts";
import type { Sink } from "../core/sink.ts";

export interface LineSinks {
  readonly out: Sink;
  readonly err: Sink;
}

/** How `!CMD` is run here. */
export type RunLocal = (command: string, signal: AbortSignal) => Promise<number>;

/** Reads and runs a line; every problem is shown and becomes a status. Never rejects but when the error sink is gone. */
export async function runText(text: string, host: PipelineHost, { out, err }: LineSinks, local: RunLocal, signal: AbortSignal): Promise<number> {
  try {
    const line: Line = parseLine(text);
    return line.kind === "local" ? await local(line.command, signal) : await runLine(line, host, out, err, signal);
  } catch (error) {
    const problem = asPactError(error);
    await showFailure(host, problem, err, text);
    return FAILURES[problem.failure].exit;
  }
}
