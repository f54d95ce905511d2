// Where the cursor stands in a typed line: which words come before it, and what a word there would be.
import { lex } from "./lexer.ts";
import type { Word } from "./word.ts";

export interface Cursor {
  /** Behind `|` stands a program of this machine, behind `>` a file; nothing is completed in a comment. */
  readonly place: "command" | "program" | "file" | "comment";
  /** The words of this stage before the one being typed. */
  readonly before: readonly string[];
  readonly partial: string;
  /** Where the word being typed begins in the line. */
  readonly start: number;
}

/** `typed` is the line up to the cursor. */
export function cursorOf(typed: string): Cursor {
  const { tokens, comment } = lex(typed);
  if (comment !== undefined) return { place: "comment", before: [], partial: "", start: typed.length };
  const last = tokens.at(-1);
  const word = last?.kind === "word" && last.end === typed.length ? last : undefined;
  const stage: Word[] = [];
  let place: Cursor["place"] = "command";
  for (const token of tokens) {
    if (token === word) break;
    if (token.kind === "word") {
      if (place !== "file") stage.push(token);
    } else {
      place = token.operator === "|" ? "program" : token.operator.startsWith(">") ? "file" : "command";
      stage.length = 0;
    }
  }
  return { place, before: stage.map(({ text }) => text), partial: word?.text ?? "", start: word?.start ?? typed.length };
}
