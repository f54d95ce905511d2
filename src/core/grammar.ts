// Tokens → a line: pipelines joined by ; && ||. Says where a line is wrong; knows no command.
import { PactError } from "../api/index.ts";
import { type Lexed, type Operator, type OperatorToken, type Token, type WordToken, lex } from "./lexer.ts";
import type { Word } from "./word.ts";

export interface Redirect {
  readonly file: Word;
  /** `>>` rather than `>`. */
  readonly append: boolean;
}

export interface Pipeline {
  /** The pact command and its words. */
  readonly words: readonly Word[];
  /** Local programs after `|`, each an argument vector. */
  readonly locals: readonly (readonly Word[])[];
  readonly redirect: Redirect | undefined;
}

export interface Step {
  /** When it runs, given how the line went so far: `;`, `&&`, `||`. */
  readonly when: "always" | "success" | "failure";
  readonly pipeline: Pipeline;
}

export interface CommandLine {
  readonly kind: "commands";
  /** Empty for a blank line and for a comment. */
  readonly steps: readonly Step[];
}

/** `!CMD`: the rest of the line, verbatim, for the user's own shell. */
export interface LocalLine {
  readonly kind: "local";
  readonly command: string;
}

export type Line = CommandLine | LocalLine;

const usage = (message: string, at: { readonly start: number; readonly end: number }, hint?: string): PactError =>
  new PactError("usage", message, { span: { start: at.start, end: at.end }, hint });

/** Reads a typed line. Throws usage with the place in the line. */
export function parseLine(text: string): Line {
  const local = /^\s*!(.*)$/s.exec(text);
  if (local?.[1] === undefined) return parseTokens(lex(text), text.length);
  const command = local[1].trim();
  const mark = text.indexOf("!");
  if (command === "") throw usage("a local command is missing after !", { start: mark, end: mark + 1 }, "!ls");
  return { kind: "local", command };
}

/** Reads tokens; `length` is that of the line, for what is missing at its end. */
export function parseTokens(lexed: Lexed, length: number): CommandLine {
  if (lexed.unfinished !== undefined) {
    const { what, start } = lexed.unfinished;
    const message = what === "backslash" ? "nothing follows the backslash" : `the ${what} is not closed`;
    throw usage(message, { start, end: start + 1 });
  }
  return new Parser(lexed.tokens, length).line();
}

const JOINS: Readonly<Partial<Record<Operator, Step["when"]>>> = { ";": "always", "&&": "success", "||": "failure" };

class Parser {
  readonly #tokens: readonly Token[];
  readonly #length: number;
  #at = 0;

  constructor(tokens: readonly Token[], length: number) {
    this.#tokens = tokens;
    this.#length = length;
  }

  line(): CommandLine {
    const steps: Step[] = [];
    let when: Step["when"] = "always";
    let join: OperatorToken | undefined;
    for (;;) {
      const next = this.#tokens[this.#at];
      // A line may end in `;`, but not in `&&` or `||`.
      if (next === undefined && (join === undefined || join.operator === ";")) return { kind: "commands", steps };
      steps.push({ when, pipeline: this.#pipeline(join) });
      const after = this.#tokens[this.#at];
      if (after === undefined) return { kind: "commands", steps };
      // #pipeline stops only at the end and at an operator that joins.
      join = after.kind === "operator" ? after : undefined;
      when = (join === undefined ? undefined : JOINS[join.operator]) ?? "always";
      this.#at += 1;
    }
  }

  #pipeline(before: OperatorToken | undefined): Pipeline {
    const stages: WordToken[][] = [[]];
    let redirect: Redirect | undefined;
    let last = before;
    for (; ; this.#at++) {
      const token = this.#tokens[this.#at];
      if (token === undefined || (token.kind === "operator" && JOINS[token.operator] !== undefined)) break;
      if (token.kind === "word") {
        this.#checkWord(token);
        stages.at(-1)?.push(token);
        continue;
      }
      if (redirect !== undefined) throw usage(`nothing but ; && || can follow a redirect`, token);
      if (token.operator === "|") {
        this.#needWords(stages.at(-1), last, token);
        stages.push([]);
        last = token;
      } else redirect = this.#redirect(token);
    }
    this.#needWords(stages.at(-1), last, this.#tokens[this.#at]);
    const [words = [], ...locals] = stages;
    return { words, locals, redirect };
  }

  #needWords(stage: readonly WordToken[] | undefined, before: OperatorToken | undefined, here: Token | undefined): void {
    if (stage !== undefined && stage.length > 0) return;
    if (before?.operator === "|") throw usage("a local program is missing after |", before, "status | sort");
    if (before !== undefined) throw usage(`a command is missing after ${before.operator}`, before);
    const at = here ?? { start: 0, end: this.#length };
    throw usage(here?.kind === "operator" ? `a command is missing before ${here.operator}` : "a command is missing", at);
  }

  /** The file after `>` or `>>`; leaves the position on the file. */
  #redirect(token: OperatorToken): Redirect {
    const before = this.#tokens[this.#at - 1];
    if (before?.kind === "word" && !before.quoted && before.end === token.start && /^\d+$/.test(before.text)) {
      throw usage("only the answer (stdout) can go to a file", { start: before.start, end: token.end }, `put a blank before ${token.operator}`);
    }
    const file = this.#tokens[this.#at + 1];
    if (file?.kind !== "word") throw usage(`a file is missing after ${token.operator}`, token, `status ${token.operator} FILE`);
    if (file.text.startsWith("&") && !file.quoted) throw usage("only the answer (stdout) can go to a file", file);
    if (file.text === "") throw usage("the name of a file is empty", file);
    this.#at += 1;
    return { file, append: token.operator === ">>" };
  }

  /** What sh would treat specially is refused rather than passed on as text. */
  #checkWord(word: WordToken): void {
    if (word.text.includes("\0")) throw usage("a line cannot hold a NUL character", word);
    if (word.quoted) return;
    if (word.text === "&") throw usage("& does not start a job here", word, "quote it to pass it on: '&'");
    if (word.text.startsWith("<")) throw usage("there is no input redirection", word, "quote it to pass it on: '<'");
  }
}
