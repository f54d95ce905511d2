// Earlier lines brought back: by prefix (Up, Down), by search (Ctrl-R), by last word (Alt-.).
import { lex } from "../core/lexer.ts";
import { type Edit, atEnd, insert, replace } from "./buffer.ts";

/** Up and Down among the lines that begin as the typed text does. */
export class Walk {
  readonly #lines: readonly string[];
  readonly #typed: Edit;
  readonly #prefix: string;
  #at: number;

  constructor(lines: readonly string[], typed: Edit) {
    this.#lines = lines;
    this.#typed = typed;
    this.#prefix = typed.text.slice(0, typed.cursor);
    this.#at = lines.length;
  }

  /** The next older (-1) or newer (1) line; undefined when there is none. Newer than the newest is what was typed. */
  step(direction: -1 | 1, shown: Edit): Edit | undefined {
    for (let at = this.#at + direction; at >= 0 && at < this.#lines.length; at += direction) {
      const line = this.#lines[at];
      if (line === undefined || line === shown.text || !line.startsWith(this.#prefix)) continue;
      this.#at = at;
      return atEnd(line);
    }
    if (direction === -1 || this.#at === this.#lines.length) return undefined;
    this.#at = this.#lines.length;
    return this.#typed;
  }
}

/** Ctrl-R: the newest line that holds the query, then older ones. */
export class Search {
  readonly #lines: readonly string[];
  /** What was typed before the search, for cancelling it. */
  readonly before: Edit;
  query = "";
  found: Edit;
  failed = false;
  #at: number;

  constructor(lines: readonly string[], before: Edit) {
    this.#lines = lines;
    this.before = before;
    this.found = before;
    this.#at = lines.length;
  }

  get prompt(): string {
    return `(${this.failed ? "no match" : "search"} "${this.query}") `;
  }

  /** Looks again from the newest line on. */
  ask(query: string): void {
    this.query = query;
    this.#at = this.#lines.length;
    this.failed = false;
    if (query === "") this.found = this.before;
    else this.#look(undefined);
  }

  /** The next older line that reads otherwise. */
  older(): void {
    if (this.query !== "") this.#look(this.found.text);
  }

  /** Capitals count only when the query has some. */
  #look(except: string | undefined): void {
    const fold = this.query === this.query.toLowerCase();
    for (let at = this.#at - 1; at >= 0; at--) {
      const line = this.#lines[at];
      if (line === undefined || line === except) continue;
      const place = (fold ? line.toLowerCase() : line).indexOf(this.query);
      if (place < 0) continue;
      this.#at = at;
      this.failed = false;
      this.found = { text: line, cursor: place };
      return;
    }
    this.failed = true;
  }
}

/** The last word of a line as it was typed, quotes and all. */
function lastWord(line: string): string | undefined {
  const word = lex(line).tokens.findLast((token) => token.kind === "word");
  return word === undefined ? undefined : line.slice(word.start, word.end);
}

/** Alt-.: the last word of the line before, and of older ones when pressed again. */
export class LastWords {
  readonly #lines: readonly string[];
  #at: number;
  #start: number;
  #end: number;

  constructor(lines: readonly string[], { cursor }: Edit) {
    this.#lines = lines;
    this.#at = lines.length;
    this.#start = cursor;
    this.#end = cursor;
  }

  next(edit: Edit): Edit {
    while (this.#at > 0) {
      this.#at -= 1;
      const word = lastWord(this.#lines[this.#at] ?? "");
      if (word === undefined || (this.#end > this.#start && word === edit.text.slice(this.#start, this.#end))) continue;
      const changed = this.#end > this.#start ? replace(edit, this.#start, this.#end, word) : insert(edit, word);
      this.#end = this.#start + word.length;
      return changed;
    }
    return edit;
  }
}
