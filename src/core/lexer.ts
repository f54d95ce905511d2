// A typed line cut into words and operators, with the place of each. Never throws:
// what is unfinished is said, so that completion works on half a line.
import type { Word } from "./word.ts";

/** Longer ones first: `||` is not two pipes. */
export const OPERATORS = ["||", "&&", ">>", "|", ">", ";"] as const;
export type Operator = (typeof OPERATORS)[number];

export interface WordToken extends Word {
  readonly kind: "word";
}

export interface OperatorToken {
  readonly kind: "operator";
  readonly operator: Operator;
  readonly start: number;
  readonly end: number;
}

export type Token = WordToken | OperatorToken;

export interface Unfinished {
  readonly what: "single quote" | "double quote" | "backslash";
  /** Where it was opened. */
  readonly start: number;
}

export interface Lexed {
  readonly tokens: readonly Token[];
  /** What the last word still waits for. */
  readonly unfinished: Unfinished | undefined;
  /** Where a comment begins; undefined when there is none. */
  readonly comment: number | undefined;
}

const BLANK = /[ \t\r\n]/;
/** In double quotes a backslash only protects these, as in sh. */
const PROTECTED_IN_DOUBLE = '\\"$`';

const operatorAt = (line: string, at: number): Operator | undefined =>
  OPERATORS.find((operator) => line.startsWith(operator, at));

/**
 * Words and operators of a line. Single quotes are literal, in double quotes a backslash
 * protects `" \ $` and the backquote, elsewhere any character. An unquoted `#` at the
 * start of a word begins a comment. Brackets, `*`, `&` and `!` are ordinary text.
 */
export function lex(line: string): Lexed {
  const tokens: Token[] = [];
  let at = 0;
  while (at < line.length) {
    const char = line.charAt(at);
    if (BLANK.test(char)) {
      at += 1;
      continue;
    }
    if (char === "#") return { tokens, unfinished: undefined, comment: at };
    const operator = operatorAt(line, at);
    if (operator !== undefined) {
      tokens.push({ kind: "operator", operator, start: at, end: at + operator.length });
      at += operator.length;
      continue;
    }
    const { word, unfinished } = readWord(line, at);
    tokens.push(word);
    if (unfinished !== undefined) return { tokens, unfinished, comment: undefined };
    at = word.end;
  }
  return { tokens, unfinished: undefined, comment: undefined };
}

interface Piece {
  readonly text: string;
  readonly end: number;
  readonly unfinished?: Unfinished;
}

function readWord(line: string, start: number): { word: WordToken; unfinished: Unfinished | undefined } {
  let text = "";
  let quoted = false;
  let at = start;
  let unfinished: Unfinished | undefined;
  while (at < line.length && unfinished === undefined) {
    const char = line.charAt(at);
    if (BLANK.test(char) || operatorAt(line, at) !== undefined) break;
    const piece = readPiece(line, at, char);
    quoted ||= piece !== undefined;
    text += piece?.text ?? char;
    at = piece?.end ?? at + 1;
    unfinished = piece?.unfinished;
  }
  return { word: { kind: "word", text, start, end: at, quoted }, unfinished };
}

/** A quoted or escaped part of a word; undefined for plain text. */
function readPiece(line: string, at: number, char: string): Piece | undefined {
  if (char === "'") {
    const close = line.indexOf("'", at + 1);
    if (close >= 0) return { text: line.slice(at + 1, close), end: close + 1 };
    return { text: line.slice(at + 1), end: line.length, unfinished: { what: "single quote", start: at } };
  }
  if (char === '"') return readDouble(line, at);
  if (char !== "\\") return undefined;
  // A character outside the basic plane is two units; both are protected.
  const next = String.fromCodePoint(line.codePointAt(at + 1) ?? 0);
  if (at + 1 < line.length) return { text: next, end: at + 1 + next.length };
  return { text: "", end: line.length, unfinished: { what: "backslash", start: at } };
}

function readDouble(line: string, open: number): Piece {
  let text = "";
  for (let at = open + 1; at < line.length; at++) {
    const char = line.charAt(at);
    if (char === '"') return { text, end: at + 1 };
    if (char === "\\" && at + 1 < line.length) {
      const next = line.charAt(at + 1);
      text += PROTECTED_IN_DOUBLE.includes(next) ? next : char + next;
      at += 1;
    } else text += char;
  }
  return { text, end: line.length, unfinished: { what: "double quote", start: open } };
}

const PLAIN = /^[A-Za-z0-9_@%+=:,./[\]*^~-]+$/;

/** A word as it must be typed to be read back as this text. Line ends cannot be typed and are kept inside quotes. */
export function quoteWord(text: string): string {
  if (PLAIN.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
