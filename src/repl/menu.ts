// The list below the edit line that a second Tab shows.
import { clip, widthOf } from "./cells.ts";

export interface Candidate {
  readonly text: string;
  readonly note?: string;
}

/** How many are shown at most, whatever the size of the screen. */
const MOST = 50;

/** Rows for a list of candidates: one a row when there are notes, else in columns. */
export function menuRows(candidates: readonly Candidate[], columns: number, height: number): string[] {
  const width = Math.min(columns - 1, Math.max(...candidates.slice(0, MOST).map(({ text }) => widthOf(text))));
  const noted = candidates.some(({ note }) => note !== undefined && note !== "");
  const perRow = noted ? 1 : Math.max(1, Math.floor((columns - 1) / (width + 2)));
  const fit = (rows: number): number => Math.min(candidates.length, MOST, rows * perRow);
  // The count of the rest needs a row of its own.
  const room = Math.max(1, height);
  const all = fit(room) === candidates.length;
  const shown = candidates.slice(0, all ? candidates.length : fit(Math.max(1, room - 1)));
  const pad = (text: string): string => text + " ".repeat(Math.max(0, width - widthOf(text)));
  const cells = shown.map(({ text, note }) => (noted ? `${pad(clip(text, width))}  ${note ?? ""}` : pad(clip(text, width))));
  const rows: string[] = [];
  for (let at = 0; at < cells.length; at += perRow) rows.push(clip(cells.slice(at, at + perRow).join("  ").trimEnd(), columns - 1));
  const rest = candidates.length - shown.length;
  if (rest > 0) rows.push(clip(`and ${rest} more`, columns - 1));
  return rows;
}

/** What all candidates begin with. */
export function commonStart(candidates: readonly Candidate[]): string {
  const [first, ...others] = candidates.map(({ text }) => text);
  if (first === undefined) return "";
  let length = first.length;
  for (const other of others) {
    let at = 0;
    while (at < length && other.charAt(at) === first.charAt(at)) at++;
    length = at;
  }
  // Not half of a character outside the basic plane.
  return first.slice(0, length).replace(/[\ud800-\udbff]$/, "");
}
