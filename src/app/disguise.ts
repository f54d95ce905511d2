// Words that mean a command without naming it, in argv and in a typed line alike.
import { peekGlobals } from "../core/peek.ts";
import type { Registry } from "../core/registry.ts";
import { type Word, wordsFromArgv } from "../core/word.ts";

const DISGUISES = [
  { flag: "version", texts: ["--version", "-V"] },
  { flag: "help", texts: ["--help", "-h"] },
] as const;

/** `--version` and a lone `--help` are commands in disguise; undefined when it is the shell that is wanted. */
export function commandOf(words: readonly Word[], registry: Registry): readonly Word[] | undefined {
  if (!registry.isBare(words)) return words;
  const globals = peekGlobals(words);
  const disguise = DISGUISES.find(({ flag }) => globals[flag] === true);
  if (disguise === undefined) return undefined;
  return [...words.filter(({ text }) => !disguise.texts.some((other) => other === text)), ...wordsFromArgv([disguise.flag])];
}
