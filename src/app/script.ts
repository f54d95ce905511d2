// Lines from a file, from stdin or from -c, run as the shell would run them: no
// prompt, no banner, one session for all.
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createInterface } from "node:readline";
import { PactError } from "../api/index.ts";
import type { Word } from "../core/word.ts";
import { runScript } from "../repl/script.ts";
import { History } from "../repl/history.ts";
import { Host } from "./host.ts";
import type { Io } from "./io.ts";
import { HostForShell } from "./shell-host.ts";

export interface ScriptOptions {
  readonly keepGoing: boolean;
  /** For messages: the file's name, `-` or `-c`. */
  readonly name: string;
  /** Global flags given to all of them: they hold for each line. */
  readonly defaults: readonly Word[];
}

async function runAll(source: AsyncIterable<string>, io: Io, options: ScriptOptions, signal: AbortSignal): Promise<number> {
  // Lines share a session: `use` in one holds for the next.
  const host = await Host.create(io, { interactive: true, defaults: options.defaults });
  try {
    const shell = new HostForShell(host, new History({ path: undefined }), [], process.cwd());
    return await runScript(source, shell, io.out, io.err, options, signal);
  } finally {
    await host.close();
  }
}

/** Runs the lines of a text. */
export async function runLines(text: string, io: Io, options: ScriptOptions, signal: AbortSignal): Promise<number> {
  const lines = async function* (): AsyncGenerator<string> {
    yield* text.split("\n");
  };
  return await runAll(lines(), io, options, signal);
}

/** Runs the lines of a stream as they arrive. */
export async function runStream(input: NodeJS.ReadableStream, io: Io, options: ScriptOptions, signal: AbortSignal): Promise<number> {
  return await runAll(createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }), io, options, signal);
}

/** Runs the lines of the file that the options name; `-` is stdin. */
export async function runFile(io: Io, options: ScriptOptions, signal: AbortSignal): Promise<number> {
  const path = options.name;
  if (path === "-") return await runStream(io.input, io, options, signal);
  try {
    await (await open(path)).close();
  } catch (error) {
    throw new PactError("usage", `run: cannot read ${path}`, { reason: error instanceof Error && "code" in error && error.code === "ENOENT" ? "there is no such file" : "it cannot be opened", cause: error });
  }
  return await runStream(createReadStream(path), io, options, signal);
}
