// What a node declares: its state when its root was made, plus what was committed since.
// Kept in the node's folder, written by rename.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Observed } from "./observe.ts";

export interface Baseline {
  readonly files: Map<string, string>;
  readonly sysctl: Map<string, string>;
  /** Highest journal sequence whose commit is contained; -1 before the first. */
  applied: bigint;
  /** Mark of the drift the journal was told last; "" for none. */
  reported: string;
}

export function readBaseline(path: string): Baseline | undefined {
  if (!existsSync(path)) return undefined;
  const value: unknown = JSON.parse(readFileSync(path, "utf8"));
  if (typeof value !== "object" || value === null || !("files" in value) || !("sysctl" in value)) throw new Error(`${path} is damaged`);
  const applied = "applied" in value ? BigInt(String(value.applied)) : -1n;
  const reported = "reported" in value && typeof value.reported === "string" ? value.reported : "";
  return { files: textMap(value.files), sysctl: textMap(value.sysctl), applied, reported };
}

function textMap(value: unknown): Map<string, string> {
  return new Map(Object.entries(value ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

export function writeBaseline(path: string, baseline: Baseline): void {
  const text = JSON.stringify({
    version: 1,
    applied: String(baseline.applied),
    reported: baseline.reported,
    files: Object.fromEntries(baseline.files),
    sysctl: Object.fromEntries(baseline.sysctl),
  });
  writeFileSync(`${path}.new`, `${text}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export function baselineFrom(observed: Observed): Baseline {
  return { files: new Map(observed.files), sysctl: new Map(observed.sysctl), applied: -1n, reported: "" };
}
