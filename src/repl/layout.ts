// Where prompt and text fall on the rows of a terminal, and where the cursor is then.
import { type Cell, cellsOf } from "./cells.ts";

export interface Row {
  text: string;
  /** The terminal itself goes on to the next row: this one is full. */
  wraps: boolean;
}

export interface Layout {
  readonly rows: readonly Row[];
  readonly cursorRow: number;
  readonly cursorColumn: number;
}

/** Lays prompt and text out on rows of so many columns. */
export function layOut(prompt: string, text: string, cursor: number, columns: number): Layout {
  const rows: Row[] = [{ text: "", wraps: false }];
  let column = 0;
  let place: { row: number; column: number } | undefined;

  const put = (cell: Cell): void => {
    const row = rows.at(-1);
    if (row === undefined) return;
    if (cell.shown === "\n") {
      rows.push({ text: "", wraps: false });
      column = 0;
      return;
    }
    if (column + cell.width > columns) {
      row.wraps = true;
      rows.push({ text: "", wraps: false });
      column = 0;
    }
    const last = rows.at(-1);
    if (last !== undefined) last.text += cell.shown;
    column += cell.width;
  };
  /** Where a character of this width would go now. */
  const here = (cell: Cell | undefined) => {
    if (cell?.shown === "\n") return { row: rows.length - 1, column: Math.min(column, columns - 1) };
    return column + Math.max(1, cell?.width ?? 1) > columns ? { row: rows.length, column: 0 } : { row: rows.length - 1, column };
  };

  for (const cell of cellsOf(prompt)) put(cell);
  for (const cell of cellsOf(text)) {
    if (place === undefined && cell.at >= cursor) place = here(cell);
    put(cell);
  }
  place ??= here(undefined);
  // The cursor may stand on a row that has no text yet.
  if (place.row === rows.length) rows.push({ text: "", wraps: false });
  return { rows, cursorRow: place.row, cursorColumn: place.column };
}
