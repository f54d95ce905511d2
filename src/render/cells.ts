// One field as text for a person.
import type { Column } from "../api/index.ts";
import type { Theme } from "./theme.ts";
import { visible } from "./visible.ts";

const UNITS: readonly (readonly [number, string])[] = [[86_400, "d"], [3600, "h"], [60, "m"], [1, "s"]];

/** Seconds as `3m`, `2d4h`: the two largest units. */
export function span(seconds: number): string {
  let left = Math.max(0, Math.floor(seconds));
  const parts: string[] = [];
  for (const [size, unit] of UNITS) {
    const n = Math.floor(left / size);
    if (n > 0 && parts.length < 2) parts.push(`${n}${unit}`);
    else if (parts.length > 0) break;
    left -= n * size;
  }
  return parts.length === 0 ? "0s" : parts.join("");
}

/** Bytes in binary units: `3.9 GiB`. */
export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** `2026-11-23 07:00:00 UTC`. */
export const instant = (time: Date): string => time.toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");

const GOOD = new Set(["active", "committed", "ok", "running", "up", "yes"]);
const WARN = new Set(["warn", "drifted", "converging", "registered", "pending", "expired", "inactive", "observe_only"]);
const BAD = new Set(["fail", "emergency", "revoked", "failed", "unreachable", "down", "no"]);

/** A state in its colour; the word itself says the same without one. */
export function state(text: string, theme: Theme): string {
  if (GOOD.has(text)) return theme.good(text);
  if (WARN.has(text)) return theme.warn(text);
  if (BAD.has(text)) return theme.bad(text);
  return text;
}

function plain(value: unknown, as: Column<any>["as"], now: Date, wide: boolean): string {
  if (value === null || value === undefined) return "-";
  if (value instanceof Date) return as === "age" && !wide ? span((now.getTime() - value.getTime()) / 1000) : instant(value);
  if (typeof value === "number") return as === "bytes" ? bytes(value) : as === "age" ? span(value) : String(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "object") return visible(JSON.stringify(value));
  return visible(String(value));
}

/** The text of one cell, without colour. Control characters are visible. */
export function cell(row: object, column: Column<any>, now: Date, wide = false): string {
  if (column.show !== undefined) return visible(column.show(row));
  return plain((row as Record<string, unknown>)[column.key], column.as, now, wide);
}
