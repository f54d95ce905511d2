// Drift as the wire carries it: the difference between what is declared and what is
// there, and what becomes declared when a delta is committed.
import { createHash } from "node:crypto";
import type { DeltaAction } from "../../contract/gen/pact/config/DeltaAction.ts";
import type { FileDelta } from "../../contract/gen/pact/config/FileDelta.ts";
import type { KernelDelta } from "../../contract/gen/pact/config/KernelDelta.ts";
import type { StateDelta__Output } from "../../contract/gen/pact/config/StateDelta.ts";
import type { Baseline } from "./baseline.ts";
import type { Observed } from "./observe.ts";

export interface Delta {
  readonly files: readonly FileDelta[];
  readonly kernel: readonly KernelDelta[];
}

export const NO_DRIFT: Delta = { files: [], kernel: [] };

/** ADD: there but not declared; REMOVE: declared but missing. Sorted by key. */
export function deltaOf(declared: Baseline, actual: Observed): Delta {
  return {
    files: [...changed(declared.files, actual.files)].map(({ key, action, before, after }) => ({
      path: key,
      action,
      ...(before === undefined ? {} : { content_hash: before }),
      ...(after === undefined ? {} : { actual_hash: after }),
    })),
    kernel: [...changed(declared.sysctl, actual.sysctl)].map(({ key, action, before, after }) => ({
      key,
      action,
      ...(before === undefined ? {} : { declared_value: before }),
      ...(after === undefined ? {} : { actual_value: after }),
    })),
  };
}

interface Change {
  readonly key: string;
  readonly action: DeltaAction;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

function* changed(declared: ReadonlyMap<string, string>, actual: ReadonlyMap<string, string>): Generator<Change> {
  for (const key of [...new Set([...declared.keys(), ...actual.keys()])].sort()) {
    const before = declared.get(key);
    const after = actual.get(key);
    if (before === after) continue;
    const action = before === undefined ? "DELTA_ACTION_ADD" : after === undefined ? "DELTA_ACTION_REMOVE" : "DELTA_ACTION_MODIFY";
    yield { key, action, before, after };
  }
}

/** Declares what a committed delta says is there. Without the actual side (stock journals drop it) what is observed counts. */
export function commitInto(declared: Baseline, committed: StateDelta__Output, actual: Observed): void {
  for (const { path, action, actual_hash } of committed.files ?? []) {
    const hash = action === "DELTA_ACTION_REMOVE" ? undefined : actual_hash ?? actual.files.get(path);
    if (hash === undefined) declared.files.delete(path);
    else declared.files.set(path, hash);
  }
  for (const { key, action, actual_value } of committed.kernel ?? []) {
    const value = action === "DELTA_ACTION_REMOVE" ? undefined : actual_value ?? actual.sysctl.get(key);
    if (value === undefined) declared.sysctl.delete(key);
    else declared.sysctl.set(key, value);
  }
}

export function countOf(delta: Delta): number {
  return delta.files.length + delta.kernel.length;
}

/** sqrt(sum(weight × n²)); kernel weighs 2, files 1 (D4). */
export function magnitudeOf(delta: Delta): number {
  return Math.sqrt(delta.files.length ** 2 + 2 * delta.kernel.length ** 2);
}

/** Equal deltas have equal marks; no drift has "". */
export function markOf(delta: Delta): string {
  return countOf(delta) === 0 ? "" : createHash("sha256").update(JSON.stringify(delta)).digest("hex");
}
