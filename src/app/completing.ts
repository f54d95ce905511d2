// `pact __complete SHELL -- …`: the other end of the scripts that `pact completion` prints. It runs at every
// Tab: no network, no token, no command run, nothing said on stderr. On any trouble it answers nothing.
//   bash -- COLUMNS WORD LINE            zsh, fish -- PROGRAM WORD … WORD-AT-THE-CURSOR
import { complete, NOTHING_KNOWN, type Known } from "../core/complete.ts";
import { type Cursor, cursorOf } from "../core/cursor.ts";
import { lex } from "../core/lexer.ts";
import { peekGlobals } from "../core/peek.ts";
import { Registry } from "../core/registry.ts";
import { wordsFromArgv } from "../core/word.ts";
import { BUNDLED } from "./bundled.ts";
import type { Io } from "./io.ts";
import { candidatesOf } from "./known.ts";
import { SettingsLoader } from "./loader.ts";
import { keptNames } from "./name-cache.ts";
import { bashReply, fishReply, zshReply } from "./shell-reply.ts";

/** The words before the cursor without what stands before pact's own: assignments and the program's name. */
function ownWords(words: readonly string[]): readonly string[] {
  const program = words.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word));
  return program < 0 ? [] : words.slice(program + 1);
}

/** Names seen at the server that this line would speak to. */
async function knownAt(before: readonly string[], io: Io): Promise<Known> {
  try {
    // Reading the token is what --token asks for, and nobody needs it here.
    const { token: _, ...globals } = peekGlobals(wordsFromArgv(before));
    const loader = new SettingsLoader(io, () => ({}));
    const { settings } = await loader.load(globals, true);
    return { ...NOTHING_KNOWN, ...candidatesOf(keptNames(loader.paths.cache, settings.endpoint.value)) };
  } catch {
    return NOTHING_KNOWN;
  }
}

async function completionAt(before: readonly string[], partial: string, io: Io) {
  const registry = new Registry();
  for (const { default: plugin } of await Promise.all(BUNDLED.map((load) => load()))) registry.add(plugin);
  const own = ownWords(before);
  return await complete(own, partial, registry, await knownAt(own, io), false);
}

async function forBash([columns = "", word = "", line = ""]: readonly string[], io: Io): Promise<string> {
  const cursor: Cursor = cursorOf(line);
  if (cursor.place === "file") return "files\n";
  if (cursor.place !== "command") return "";
  const completion = await completionAt(cursor.before, cursor.partial, io);
  return bashReply(completion, cursor.partial, { line, start: cursor.start, word, columns: Number(columns) || 0 });
}

/** Quotes that are still open around the word are not part of it. */
function unquoted(raw: string): string {
  const { tokens: [word] } = lex(raw);
  return word?.kind === "word" ? word.text : raw;
}

async function replyTo(argv: readonly string[], io: Io): Promise<string> {
  const [, shell, dashes, ...words] = argv;
  if (dashes !== "--") return "";
  if (shell === "bash") return await forBash(words, io);
  const [before, partial] = [words.slice(0, -1), words.at(-1) ?? ""];
  if (shell === "zsh") return zshReply(await completionAt(before, partial, io));
  if (shell === "fish") return fishReply(await completionAt(before, unquoted(partial), io));
  return "";
}

/** Answers on stdout; the status is 0 whatever happens. Never throws. */
export async function answerCompletion(argv: readonly string[], io: Io): Promise<number> {
  try {
    await io.out.write(await replyTo(argv, io));
  } catch {
    // A shell that is completing has no place for a failure.
  }
  return 0;
}
