// Runs a line: pact commands, local programs after `|`, files after `>`. Status is
// pipefail; a reader that leaves early ends its writer quietly.
import { FAILURES, PactError, asPactError } from "../api/index.ts";
import type { CommandLine, Pipeline } from "./grammar.ts";
import { LocalProgram, NotStarted } from "./local-program.ts";
import { type FileSink, openRedirect } from "./redirect.ts";
import { ClosedSink, type Sink } from "./sink.ts";
import type { Word } from "./word.ts";

export interface PipelineHost {
  /** Runs one pact command; answers its exit status. `out` may be a pipe into a local program. */
  command(words: readonly Word[], out: Sink, err: Sink, signal: AbortSignal): Promise<number>;
  /** Shows a problem of the line itself (its syntax, a missing program, a file) in the session's format. */
  failure?(error: PactError, err: Sink, line?: string): Promise<void>;
  /** Environment for local programs: secrets already removed. */
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

export const INTERRUPTED = FAILURES.interrupted.exit;

interface Place {
  readonly host: PipelineHost;
  readonly out: Sink;
  readonly err: Sink;
  readonly signal: AbortSignal;
}

/** Shows a problem through the host, or plainly where it has no way of its own. */
export async function showFailure(host: PipelineHost, error: PactError, err: Sink, line?: string): Promise<void> {
  if (host.failure !== undefined) return host.failure(error, err, line);
  const { reason, hint } = error.about;
  const why = reason === undefined ? "" : `\n  why: ${reason}`;
  const hinted = hint === undefined ? "" : `\n  try: ${hint}`;
  await err.write(`error: ${error.message}${why}${hinted}\n`);
}

/**
 * Runs the steps of a line as sh would and answers the status of the last that ran;
 * 130 once the signal is aborted. Rejects only for defects of the host.
 */
export async function runLine(line: CommandLine, host: PipelineHost, out: Sink, err: Sink, signal: AbortSignal): Promise<number> {
  let status = 0;
  for (const { when, pipeline } of line.steps) {
    if ((when === "success" && status !== 0) || (when === "failure" && status === 0)) continue;
    if (signal.aborted) return INTERRUPTED;
    status = await runPipeline(pipeline, { host, out, err, signal });
  }
  return status;
}

async function runPipeline(pipeline: Pipeline, place: Place): Promise<number> {
  const { host, err } = place;
  let file: FileSink | undefined;
  try {
    if (pipeline.redirect !== undefined) {
      file = await openRedirect(pipeline.redirect, { cwd: host.cwd, home: host.env["HOME"] });
    }
  } catch (error) {
    await showFailure(host, asPactError(error), err);
    return FAILURES.local.exit;
  }
  const target = { ...place, out: file ?? place.out };
  let status: number;
  let problem: PactError | undefined;
  try {
    status = pipeline.locals.length === 0 ? await runCommand(pipeline.words, target) : await runPiped(pipeline, target);
  } finally {
    problem = await file?.close();
  }
  if (problem === undefined) return status;
  await showFailure(host, problem, err);
  return status === 0 ? FAILURES.local.exit : status;
}

/**
 * Runs the pact command of a pipeline. A write that finds its reader gone aborts the
 * command, and ends it with 0: it has nothing to say to anybody.
 */
async function runCommand(words: readonly Word[], { host, out, err, signal }: Place): Promise<number> {
  const readerGone = new AbortController();
  const watched: Sink = {
    get width() {
      return out.width;
    },
    color: out.color,
    async write(data) {
      try {
        await out.write(data);
      } catch (error) {
        readerGone.abort();
        throw error;
      }
    },
  };
  try {
    const status = await host.command(words, watched, err, AbortSignal.any([signal, readerGone.signal]));
    return status === INTERRUPTED && readerGone.signal.aborted && !signal.aborted ? 0 : status;
  } catch (error) {
    if (error instanceof ClosedSink) return signal.aborted ? INTERRUPTED : 0;
    const problem = asPactError(error);
    await showFailure(host, problem, err);
    return FAILURES[problem.failure].exit;
  }
}

async function runPiped({ words, locals }: Pipeline, place: Place): Promise<number> {
  const programs: LocalProgram[] = [];
  const stopAll = (): void => programs.forEach((program) => program.stop());
  try {
    // All programs are there before the command begins: a misspelt one costs nothing.
    for (const argv of locals) programs.push(await LocalProgram.start(argv.map((word) => word.text), place.host));
  } catch (error) {
    stopAll();
    await Promise.all(programs.map((program) => program.ended));
    if (!(error instanceof NotStarted)) throw error;
    await showFailure(place.host, error.problem, place.err);
    return error.exit;
  }
  if (place.signal.aborted) stopAll();
  place.signal.addEventListener("abort", stopAll, { once: true });
  try {
    return await join(words, programs, place);
  } finally {
    place.signal.removeEventListener("abort", stopAll);
  }
}

/** Connects command and programs, waits for all, answers the rightmost status that is not 0. */
async function join(words: readonly Word[], programs: readonly LocalProgram[], place: Place): Promise<number> {
  const [first] = programs;
  if (first === undefined) return runCommand(words, place);
  const fed = runCommand(words, { ...place, out: first.stdin }).finally(() => first.endInput());
  const flows = programs.map(async (program, at) => {
    const next = programs[at + 1];
    try {
      await program.drain(next?.stdin ?? place.out, place.err);
    } catch (error) {
      program.stop();
      throw error;
    } finally {
      next?.endInput();
    }
  });
  const statuses = await Promise.all([fed, ...programs.map((program) => program.ended)]);
  const moved = await Promise.allSettled(flows);
  const broken = moved.find((flow) => flow.status === "rejected");
  if (broken !== undefined && broken.status === "rejected") {
    await showFailure(place.host, asPactError(broken.reason), place.err);
    return FAILURES.local.exit;
  }
  return statuses.findLast((status) => status !== 0) ?? 0;
}
