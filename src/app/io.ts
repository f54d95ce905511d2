// Everything the process has that a test must be able to replace: streams,
// whether they are terminals, width and colour. Asked once, at the edge.
import { isatty } from "node:tty";
import { ClosedSink, type Sink } from "../core/sink.ts";

export interface Io {
  readonly out: Sink;
  readonly err: Sink;
  readonly input: NodeJS.ReadStream | NodeJS.ReadableStream;
  readonly stdinTty: boolean;
  readonly stdoutTty: boolean;
  readonly stderrTty: boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly now: () => Date;
}

export type ColorChoice = "always" | "never" | "auto";

/** Whether a place shows colour: flag > NO_COLOR > CLICOLOR_FORCE > CLICOLOR=0 > TERM=dumb > terminal. */
export function wantsColor(choice: ColorChoice, env: NodeJS.ProcessEnv, tty: boolean): boolean {
  if (choice !== "auto") return choice === "always";
  if (env["NO_COLOR"] !== undefined && env["NO_COLOR"] !== "") return false;
  if (env["CLICOLOR_FORCE"] !== undefined && env["CLICOLOR_FORCE"] !== "0") return true;
  if (env["CLICOLOR"] === "0" || env["TERM"] === "dumb") return false;
  return tty;
}

/** Columns: COLUMNS, else the terminal, else 80; undefined when nobody looks. PACT_FORCE_TTY=1|COLUMNS pretends. */
function widthOf(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): number | undefined {
  const forced = Number(env["PACT_FORCE_TTY"]);
  if (!stream.isTTY && !(forced > 0)) return undefined;
  const columns = Number(env["COLUMNS"]);
  if (Number.isInteger(columns) && columns > 0) return columns;
  if (forced > 1) return forced;
  return stream.columns !== undefined && stream.columns > 0 ? stream.columns : 80;
}

/** A sink over a stream of the process. A write resolves when the stream has taken it. */
export function streamSink(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv, color: ColorChoice): Sink {
  let closed = false;
  stream.on("error", () => {
    closed = true;
  });
  const forced = Number(env["PACT_FORCE_TTY"]) > 0;
  return {
    get width() {
      return widthOf(stream, env);
    },
    color: wantsColor(color, env, stream.isTTY || forced),
    write(data) {
      if (closed) return Promise.reject(new ClosedSink());
      if (data.length === 0) return Promise.resolve();
      return new Promise((resolve, reject) => {
        stream.write(data, (error) => {
          if (error === null || error === undefined) resolve();
          else if ("code" in error && error.code === "EPIPE") reject(new ClosedSink());
          // Such as a full disk behind `> FILE` of the caller's shell.
          else void import("../core/redirect.ts").then(({ writeFailure }) => reject(writeFailure("the output", error)), reject);
        });
      });
    },
  };
}

export function systemIo(process: NodeJS.Process): Io {
  const env = process.env;
  return {
    out: streamSink(process.stdout, env, "auto"),
    err: streamSink(process.stderr, env, "auto"),
    // Opened by whoever reads it.
    get input() {
      return process.stdin;
    },
    stdinTty: isatty(0),
    stdoutTty: process.stdout.isTTY === true,
    stderrTty: process.stderr.isTTY === true,
    env,
    now: () => new Date(),
  };
}
