// The global flags of a line before anything is looked up: how to show a failure
// must be known even when the line makes no sense.
import { GLOBAL_FLAGS, type GlobalValues } from "./globals.ts";
import type { Word } from "./word.ts";

/** How many words at the beginning are global flags and their values. */
export function leadingGlobals(words: readonly Word[]): number {
  let at = 0;
  while (at < words.length) {
    const { text } = words[at] as Word;
    const known = GLOBAL_FLAGS.get(text.split("=", 1)[0] ?? "");
    if (!text.startsWith("-") || (known === undefined && !/^-v+$/.test(text))) return at;
    at += known !== undefined && known.param.takes !== "switch" && !text.includes("=") ? 2 : 1;
  }
  return words.length;
}

/** Global flags found before ` -- `; words that do not parse are left to bind. */
export function peekGlobals(words: readonly Word[]): GlobalValues {
  const values: Record<string, unknown> = {};
  for (let at = 0; at < words.length; at++) {
    const { text } = words[at] as Word;
    if (text === "--") break;
    if (/^-v+$/.test(text)) values["verbose"] = Number(values["verbose"] ?? 0) + text.length - 1;
    const equals = text.startsWith("--") ? text.indexOf("=") : -1;
    const known = GLOBAL_FLAGS.get(equals < 0 ? text : text.slice(0, equals));
    if (known === undefined || known.key === "verbose") continue;
    if (known.param.takes === "switch") {
      values[known.key] = true;
      continue;
    }
    const value = equals < 0 ? words[++at]?.text : text.slice(equals + 1);
    if (value === undefined) break;
    try {
      values[known.key] = known.param.kind.parse(value);
    } catch {
      // Said by bind, with the place.
    }
  }
  return values;
}
