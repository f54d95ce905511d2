// Columns to a given width: two blanks between, numbers to the right, the first
// column never cut. Rows that still do not fit are shown one field a line.
import stringWidth from "fast-string-width";
import type { Column, View } from "../api/index.ts";
import { cell, state } from "./cells.ts";
import type { Theme } from "./theme.ts";
import { visible } from "./visible.ts";

const NUMERIC: ReadonlySet<unknown> = new Set(["count", "bytes"]);
const GAP = "  ";
const LEAST = 6;

const pad = (text: string, width: number, right: boolean): string => {
  const blanks = " ".repeat(Math.max(0, width - stringWidth(text)));
  return right ? blanks + text : text + blanks;
};

/** Cut to a width with `…`; wide and combining characters are measured, not counted. */
export function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let kept = "";
  for (const char of text) {
    if (stringWidth(kept + char) > width - 1) break;
    kept += char;
  }
  return `${kept}…`;
}

const rowWidth = (widths: readonly number[]): number => widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1);

/** Takes columns from the widest, never from the first, until the row fits; undefined when it cannot. */
function fit(widths: readonly number[], available: number): number[] | undefined {
  const fitted = [...widths];
  while (rowWidth(fitted) > available) {
    let widest = -1;
    for (let at = 1; at < fitted.length; at++) if ((fitted[at] ?? 0) > LEAST && (widest < 0 || (fitted[at] ?? 0) > (fitted[widest] ?? 0))) widest = at;
    if (widest < 0) return undefined;
    fitted[widest] = (fitted[widest] ?? 0) - 1;
  }
  return fitted;
}

export interface TableSettings {
  /** Columns of the terminal; undefined: nothing is cut. */
  readonly width: number | undefined;
  readonly now: Date;
  readonly theme: Theme;
  readonly wide: boolean;
}

const title = (column: Column<any>): string => (column.title ?? column.key.replace(/[A-Z]/g, (c) => ` ${c}`)).toUpperCase();

/** Columns with their cells, and the width that shows all of each. */
interface Grid {
  readonly columns: readonly Column<any>[];
  readonly cells: readonly (readonly string[])[];
  readonly widths: readonly number[];
}

function grid(columns: readonly Column<any>[], rows: readonly object[], settings: TableSettings): Grid {
  const cells = rows.map((row) => columns.map((column) => cell(row, column, settings.now, settings.wide)));
  // Not spread into Math.max, which takes no hundred thousand arguments.
  const widths = columns.map((column, at) => cells.reduce((most, row) => Math.max(most, stringWidth(row[at] ?? "")), stringWidth(title(column))));
  return { columns, cells, widths };
}

/** On a terminal that is too narrow for all, columns go that say nothing in any row. */
function withoutSilent(whole: Grid, rows: readonly object[], settings: TableSettings): Grid {
  const { columns, cells, widths } = whole;
  if (settings.width === undefined || settings.wide || rowWidth(widths) <= settings.width) return whole;
  const telling = columns.filter(({ nothing }, at) => nothing === undefined || cells.some((row) => row[at] !== nothing));
  return telling.length === columns.length ? whole : grid(telling, rows, settings);
}

/** The lines of a table, the header first. */
export function table(view: View<any>, rows: readonly object[], settings: TableSettings): string[] {
  const { columns, cells, widths } = withoutSilent(grid(view.columns, rows, settings), rows, settings);
  const fitted = settings.width === undefined ? widths : fit(widths, settings.width);
  if (fitted === undefined) return records(view, rows, settings);
  const line = (texts: readonly string[], paint: (text: string, at: number) => string): string =>
    texts.map((text, at) => {
      const width = at === 0 ? Number.POSITIVE_INFINITY : fitted[at] ?? 0;
      const shown = Number.isFinite(width) && columns[at]?.wrap !== true ? cut(text, width) : text;
      const padded = at === texts.length - 1 && !NUMERIC.has(columns[at]?.as) ? shown : pad(shown, fitted[at] ?? 0, NUMERIC.has(columns[at]?.as));
      return padded.replace(shown, () => paint(shown, at));
    }).join(GAP).trimEnd();
  const indent = " ".repeat(fitted.slice(0, -1).reduce((sum, width) => sum + width + GAP.length, 0));
  return [
    line(columns.map(title), (text) => settings.theme.dim(text)),
    ...cells.flatMap((texts, at) => {
      const [first = "", ...more] = columns.at(-1)?.wrap === true ? wrapped(texts.at(-1) ?? "", fitted.at(-1) ?? 0) : [texts.at(-1) ?? ""];
      const below = view.below?.(rows[at]) ?? null;
      return [
        line([...texts.slice(0, -1), first], (text, column) => (columns[column]?.as === "state" ? state(text, settings.theme) : text)),
        ...more.map((text) => indent + text),
        ...(below === null ? [] : [indent + visible(below)]),
      ];
    }),
  ];
}

/** Lines of at most that width, broken at blanks; a longer word stays whole, so that a path can be pasted. */
function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let last = "";
  for (const word of text.split(" ")) {
    const longer = last === "" ? word : `${last} ${word}`;
    if (last === "" || stringWidth(longer) <= width) last = longer;
    else {
      lines.push(last);
      last = word;
    }
  }
  return [...lines, last];
}

/** One thing as `Key  value` lines. */
export function recordLines(view: View<any>, value: object, settings: TableSettings): string[] {
  const titles = view.columns.map((column) => title(column).toLowerCase());
  const width = Math.max(...titles.map((text) => stringWidth(text)));
  return view.columns.map((column, at) => {
    const text = cell(value, column, settings.now, true);
    return `${settings.theme.dim(pad(titles[at] ?? "", width, false))}${GAP}${column.as === "state" ? state(text, settings.theme) : text}`;
  });
}

const records = (view: View<any>, rows: readonly object[], settings: TableSettings): string[] =>
  rows.flatMap((row, at) => {
    const below = view.below?.(row) ?? null;
    return [...(at === 0 ? [] : [""]), ...recordLines(view, row, settings), ...(below === null ? [] : [visible(below)])];
  });
