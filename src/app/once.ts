// One run of the program: a command from argv, lines from a file or stdin, or the shell.
import { PactError, exitOf } from "../api/index.ts";
import { leadingGlobals, peekGlobals } from "../core/peek.ts";
import { type Word, wordsFromArgv } from "../core/word.ts";
import { failureLines } from "../render/failure.ts";
import { PLAIN } from "../render/theme.ts";
import { commandOf } from "./disguise.ts";
import type { Host } from "./host.ts";
import type { Io } from "./io.ts";

/** Runs and answers the exit status; never throws. */
export async function once(argv: readonly string[], io: Io, signal: AbortSignal): Promise<number> {
  let host: Host | undefined;
  try {
    if (argv[0] === "__complete") return await (await import("./completing.ts")).answerCompletion(argv, io);
    const words = wordsFromArgv(argv);
    const at = leadingGlobals(words);
    if (words[at]?.text === "-c") return await lines(words.slice(at + 1), words.slice(0, at), io, signal);
    const { Host } = await import("./host.ts");
    host = await Host.create(io, { interactive: false });
    const command = commandOf(words, host.registry);
    if (command !== undefined) return await host.run(command, io.out, io.err, signal);
    const { runBare } = await import("./bare.ts");
    return await runBare(words, io, signal);
  } catch (error) {
    const failure = error instanceof PactError ? error : new PactError("internal", error instanceof Error ? error.message : String(error), { cause: error });
    await io.err.write(`${failureLines(failure, PLAIN, peekGlobals(wordsFromArgv(argv)).verbose ?? 0).join("\n")}\n`).catch(() => {});
    return exitOf([failure]);
  } finally {
    await host?.close();
  }
}

/** `pact -c LINES`: as if typed, one after the other. Global flags before and behind it hold for each. */
async function lines(given: readonly Word[], before: readonly Word[], io: Io, signal: AbortSignal): Promise<number> {
  const [text, ...more] = given;
  if (text === undefined || leadingGlobals(more) < more.length) {
    throw new PactError("usage", "-c needs one argument: the lines to run", { hint: `pact -c 'status'` });
  }
  const { runLines } = await import("./script.ts");
  return await runLines(text.text, io, { keepGoing: false, name: "-c", defaults: [...before, ...more] }, signal);
}
