// How typed text looks: characters as a person sees them, and how many columns each takes.
import stringWidth from "fast-string-width";

const segments = new Intl.Segmenter(undefined, { granularity: "grapheme" });
/** Shown instead of sent: control characters and the marks that reorder or hide text. */
const STEERING = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/u;

export interface Cell {
  /** What is written to the terminal. */
  readonly shown: string;
  readonly width: number;
  /** Offset of the character in the text. */
  readonly at: number;
}

function shown(char: string): string {
  if (char === "\t") return " ";
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x20) return `^${String.fromCharCode(code + 64)}`;
  if (code === 0x7f) return "^?";
  return `<${code.toString(16)}>`;
}

/** Columns of a character as terminals count them: code point by code point. */
function columnsOf(char: string): number {
  if (char.length === 1 && char >= " " && char <= "~") return 1;
  let width = 0;
  for (const point of char) width += stringWidth(point);
  return width;
}

/** The characters of a text, with combining marks kept on their base. A line end is one cell without width. */
export function cellsOf(text: string): Cell[] {
  const cells: Cell[] = [];
  for (const { segment, index } of segments.segment(text)) {
    if (segment === "\n" || segment === "\r\n") cells.push({ shown: "\n", width: 0, at: index });
    else if (!STEERING.test(segment)) cells.push({ shown: segment, width: columnsOf(segment), at: index });
    else {
      let at = index;
      for (const point of segment) {
        const safe = STEERING.test(point) ? shown(point) : point;
        cells.push({ shown: safe, width: columnsOf(safe), at });
        at += point.length;
      }
    }
  }
  return cells;
}

/** Columns of a text on one row. */
export const widthOf = (text: string): number => cellsOf(text).reduce((sum, cell) => sum + cell.width, 0);

/** A text cut to so many columns. */
export function clip(text: string, columns: number): string {
  let width = 0;
  let kept = "";
  for (const cell of cellsOf(text)) {
    if (width + cell.width > columns) break;
    width += cell.width;
    kept += cell.shown === "\n" ? " " : cell.shown;
  }
  return kept;
}

/** Offset of the character before, or 0. */
export function previousBoundary(text: string, cursor: number): number {
  // Only the tail matters; a long line must not make each key slow.
  const from = Math.max(0, cursor - 64);
  let last = from;
  for (const { index } of segments.segment(text.slice(from, cursor))) last = from + index;
  return last;
}

/** Offset behind the character at the cursor, or the end. */
export function nextBoundary(text: string, cursor: number): number {
  for (const { segment } of segments.segment(text.slice(cursor, cursor + 64))) return cursor + segment.length;
  return text.length;
}
