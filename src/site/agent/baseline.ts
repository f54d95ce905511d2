// What a node declares: its state when its root was made, plus what was committed since.
// Kept in the node's folder, written by rename.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { mountOf, type Mount } from "./mounts.ts";
import type { Observed } from "./observe.ts";

/** What a service is declared to be. */
export type DeclaredState = "running" | "stopped";

export interface Baseline {
  readonly files: Map<string, string>;
  readonly sysctl: Map<string, string>;
  /** Undefined until they were known for the first time. */
  mounts: Map<string, Mount> | undefined;
  services: Map<string, DeclaredState> | undefined;
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
  const mounts = "mounts" in value ? mapOf(value.mounts, mountFrom) : undefined;
  const services = "services" in value ? mapOf(value.services, stateFrom) : undefined;
  return { files: mapOf(value.files, textFrom), sysctl: mapOf(value.sysctl, textFrom), mounts, services, applied, reported };
}

function mapOf<T>(value: unknown, read: (one: unknown) => T | undefined): Map<string, T> {
  return new Map(Object.entries(value ?? {}).flatMap(([key, one]): [string, T][] => {
    const known = read(one);
    return known === undefined ? [] : [[key, known]];
  }));
}

const textFrom = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const stateFrom = (value: unknown): DeclaredState | undefined => (value === "running" || value === "stopped" ? value : undefined);

function mountFrom(value: unknown): Mount | undefined {
  if (typeof value !== "object" || value === null || !("fs_type" in value) || !("source" in value) || !("options" in value)) return undefined;
  return mountOf(String(value.fs_type), String(value.source), String(value.options), false);
}

export function writeBaseline(path: string, baseline: Baseline): void {
  const { applied, reported, files, sysctl, mounts, services } = baseline;
  const text = JSON.stringify({
    version: 1,
    applied: String(applied),
    reported,
    files: Object.fromEntries(files),
    sysctl: Object.fromEntries(sysctl),
    ...(mounts === undefined ? {} : { mounts: Object.fromEntries(mounts) }),
    ...(services === undefined ? {} : { services: Object.fromEntries(services) }),
  });
  writeFileSync(`${path}.new`, `${text}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export function baselineFrom(observed: Observed): Baseline {
  return { files: new Map(observed.files), sysctl: new Map(observed.sysctl), mounts: undefined, services: undefined, applied: -1n, reported: "" };
}

/** What a service in some state is declared to be by whoever takes that state over. */
export function declaredFrom(state: string): DeclaredState {
  return state === "stopped" || state === "failed" ? "stopped" : "running";
}

/** Declares what is known for the first time, in a baseline made before it was looked at; answers whether there was something. */
export function completeBaseline(baseline: Baseline, { mounts, services }: Observed): boolean {
  const before = [baseline.mounts, baseline.services];
  if (mounts.items !== undefined) baseline.mounts ??= new Map(mounts.items);
  if (services.items !== undefined) baseline.services ??= new Map([...services.items].map(([name, state]) => [name, declaredFrom(state)]));
  return baseline.mounts !== before[0] || baseline.services !== before[1];
}
