// Values as JSON and its relatives: keys in snake_case, times in RFC 3339 UTC,
// absent as null. The one place where names change case.
import type { Column, View } from "../api/index.ts";
import { cell } from "./cells.ts";

export const snake = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** A value as it stands in a document. */
export function plainValue(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (Array.isArray(value)) return value.map(plainValue);
  if (typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [snake(key), plainValue(inner)]));
  }
  return value;
}

/** Only the named fields, in the order named; all when none are. */
export function pick(value: object, fields: readonly string[] | undefined): object {
  const all = plainValue(value) as Record<string, unknown>;
  if (fields === undefined) return all;
  return Object.fromEntries(fields.map((field) => [field, all[field] ?? null]));
}

const csvCell = (value: unknown): string => {
  const text = value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** A header line and one line a row. */
export function csv(rows: readonly object[]): string {
  const [first] = rows;
  if (first === undefined) return "";
  const keys = Object.keys(first);
  const lines = rows.map((row) => keys.map((key) => csvCell((row as Record<string, unknown>)[key])).join(","));
  return `${[keys.join(","), ...lines].join("\n")}\n`;
}

/** Ids alone, one a line: the first column of the view. */
export function names(view: View<any>, rows: readonly object[], now: Date): string {
  const [id] = view.columns as readonly (Column<any> | undefined)[];
  if (id === undefined) return "";
  return rows.map((row) => `${cell(row, { key: id.key }, now)}\n`).join("");
}

/** Block YAML; loaded for those who ask for it. */
export async function yaml(value: unknown): Promise<string> {
  const { stringify } = await import("yaml");
  return stringify(value, { lineWidth: 0 });
}
