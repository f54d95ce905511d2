// The text being edited and where the cursor stands: pure functions on values.
import { nextBoundary, previousBoundary } from "./cells.ts";

export interface Edit {
  readonly text: string;
  /** Offset into the text, between two characters. */
  readonly cursor: number;
}

export const EMPTY: Edit = { text: "", cursor: 0 };

export const atEnd = (text: string): Edit => ({ text, cursor: text.length });

export const insert = ({ text, cursor }: Edit, added: string): Edit =>
  ({ text: text.slice(0, cursor) + added + text.slice(cursor), cursor: cursor + added.length });

/** Text with a part replaced; the cursor stands behind the new part. */
export const replace = ({ text }: Edit, start: number, end: number, added: string): Edit =>
  ({ text: text.slice(0, start) + added + text.slice(end), cursor: start + added.length });

export const moveTo = (edit: Edit, cursor: number): Edit => ({ ...edit, cursor });

export type Motion = (edit: Edit) => number;

const isWord = (char: string): boolean => /[\p{L}\p{N}\p{M}_]/u.test(char);

function scan({ text, cursor }: Edit, step: 1 | -1, wanted: (char: string) => boolean, from = cursor): number {
  let at = from;
  for (;;) {
    const next = step === 1 ? nextBoundary(text, at) : previousBoundary(text, at);
    if (next === at || !wanted(text.slice(Math.min(at, next), Math.max(at, next)))) return at;
    at = next;
  }
}

export const left: Motion = ({ text, cursor }) => previousBoundary(text, cursor);
export const right: Motion = ({ text, cursor }) => nextBoundary(text, cursor);
export const home: Motion = () => 0;
export const end: Motion = ({ text }) => text.length;
/** Over what separates words, then over one word. */
export const wordLeft: Motion = (edit) => scan(edit, -1, isWord, scan(edit, -1, (char) => !isWord(char)));
export const wordRight: Motion = (edit) => scan(edit, 1, isWord, scan(edit, 1, (char) => !isWord(char)));
/** To the blank before, as Ctrl-W does. */
export const blankLeft: Motion = (edit) =>
  scan(edit, -1, (char) => !/\s/.test(char), scan(edit, -1, (char) => /\s/.test(char)));

/** Removes from the cursor to where the motion leads; answers what was removed. */
export function cut(edit: Edit, motion: Motion): { readonly edit: Edit; readonly removed: string } {
  const target = motion(edit);
  const [from, to] = target < edit.cursor ? [target, edit.cursor] : [edit.cursor, target];
  return { edit: replace(edit, from, to, ""), removed: edit.text.slice(from, to) };
}
