// Drift as the wire carries it: the difference between what is declared and what is
// there, and what becomes declared when a delta is committed.
import { createHash } from "node:crypto";
import type { DeltaAction } from "../../contract/gen/pact/config/DeltaAction.ts";
import type { FileDelta } from "../../contract/gen/pact/config/FileDelta.ts";
import type { KernelDelta } from "../../contract/gen/pact/config/KernelDelta.ts";
import type { MountDelta } from "../../contract/gen/pact/config/MountDelta.ts";
import type { MountSpec__Output } from "../../contract/gen/pact/config/MountSpec.ts";
import type { ServiceDelta } from "../../contract/gen/pact/config/ServiceDelta.ts";
import type { StateDelta, StateDelta__Output } from "../../contract/gen/pact/config/StateDelta.ts";
import { declaredFrom, type Baseline } from "./baseline.ts";
import type { Found } from "./found.ts";
import { CLAIMS, mountOf, UNREADABLE, type Mount } from "./mounts.ts";
import type { Observed } from "./observe.ts";
import { DEFINITIONS } from "./service-file.ts";

export interface Delta {
  readonly files: readonly FileDelta[];
  readonly kernel: readonly KernelDelta[];
  readonly mounts: readonly MountDelta[];
  readonly services: readonly ServiceDelta[];
}

export const NO_DRIFT: Delta = { files: [], kernel: [], mounts: [], services: [] };

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
    mounts: mountsDelta(declared.mounts, actual.mounts),
    services: servicesDelta(declared.services, actual.services),
  };
}

function mountsDelta(declared: Baseline["mounts"], { items, trouble }: Found<Mount>): MountDelta[] {
  // What cannot be understood is one difference: nobody knows what it claims.
  if (trouble !== undefined) return [{ path: CLAIMS, action: "DELTA_ACTION_MODIFY", actual: { fs_type: UNREADABLE, source: trouble, options: "", read_only: false } }];
  if (declared === undefined || items === undefined) return [];
  return [...changed(declared, items, isSameMount)].map(({ key, action, before, after }) => ({
    path: key,
    action,
    ...(before === undefined ? {} : { declared: before }),
    ...(after === undefined ? {} : { actual: after }),
  }));
}

const isSameMount = (one: Mount, other: Mount): boolean =>
  one.fs_type === other.fs_type && one.source === other.source && one.options === other.options && one.read_only === other.read_only;

function servicesDelta(declared: Baseline["services"], { items, trouble }: Found<string>): ServiceDelta[] {
  const unread: ServiceDelta[] = trouble === undefined ? [] : [{ name: DEFINITIONS, action: "DELTA_ACTION_MODIFY", actual_state: `${UNREADABLE}: ${trouble}` }];
  if (declared === undefined || items === undefined) return unread;
  const differences = [...changed<string>(declared, items, isDeclaredState)].map(({ key, action, before, after }) => ({
    name: key,
    action,
    ...(before === undefined ? {} : { declared_state: before }),
    ...(after === undefined ? {} : { actual_state: after }),
  }));
  return [...unread, ...differences];
}

/** A service that failed does not run, which is all that "stopped" asks for. */
const isDeclaredState = (declared: string, actual: string): boolean => declared === actual || (declared === "stopped" && actual === "failed");

interface Change<T> {
  readonly key: string;
  readonly action: DeltaAction;
  readonly before: T | undefined;
  readonly after: T | undefined;
}

function* changed<T>(
  declared: ReadonlyMap<string, T>, actual: ReadonlyMap<string, T>, same: (before: T, after: T) => boolean = (before, after) => before === after,
): Generator<Change<T>> {
  for (const key of [...new Set([...declared.keys(), ...actual.keys()])].sort()) {
    const before = declared.get(key);
    const after = actual.get(key);
    if (before !== undefined && after !== undefined && same(before, after)) continue;
    const action = before === undefined ? "DELTA_ACTION_ADD" : after === undefined ? "DELTA_ACTION_REMOVE" : "DELTA_ACTION_MODIFY";
    yield { key, action, before, after };
  }
}

/** Declares what a committed delta says is there. Without the actual side (stock journals drop it) what is observed counts. */
export function commitInto(declared: Baseline, committed: StateDelta__Output, actual: Observed): void {
  for (const { path, action, actual_hash } of committed.files ?? []) {
    put(declared.files, path, action, actual_hash ?? actual.files.get(path));
  }
  for (const { key, action, actual_value } of committed.kernel ?? []) {
    put(declared.sysctl, key, action, actual_value ?? actual.sysctl.get(key));
  }
  for (const { path, action, declared: wanted, actual: there } of committed.mounts ?? []) {
    // That something was not understood is not a state that anybody can declare.
    if (there?.fs_type !== UNREADABLE) put(declared.mounts ??= new Map(), path, action, mountFrom(there) ?? mountFrom(wanted, wanted?.read_only) ?? actual.mounts.items?.get(path));
  }
  for (const { name, action, actual_state, declared_state } of committed.services ?? []) {
    const state = actual_state ?? declared_state ?? actual.services.items?.get(name);
    if (name !== DEFINITIONS) put(declared.services ??= new Map(), name, action, state === undefined ? undefined : declaredFrom(state));
  }
}

function put<T>(declared: Map<string, T>, key: string, action: string | number, value: T | undefined): void {
  if (action === "DELTA_ACTION_REMOVE" || value === undefined) declared.delete(key);
  else declared.set(key, value);
}

/** Of what an agent saw the options say whether it is read-only; a client that knows one flag for both sides may have it wrong here. */
function mountFrom(spec: MountSpec__Output | null | undefined, readOnly = false): Mount | undefined {
  return spec == null ? undefined : mountOf(spec.fs_type, spec.source, spec.options, readOnly);
}

/** As a message. */
export function stateDelta(delta: Delta): StateDelta {
  return { files: [...delta.files], kernel: [...delta.kernel], mounts: [...delta.mounts], services: [...delta.services] };
}

export function countOf({ files, kernel, mounts, services }: Delta): number {
  return files.length + kernel.length + mounts.length + services.length;
}

/** sqrt(sum(weight × n²)); kernel weighs 2, the others 1 (D4). */
export function magnitudeOf({ files, kernel, mounts, services }: Delta): number {
  return Math.sqrt(files.length ** 2 + 2 * kernel.length ** 2 + mounts.length ** 2 + services.length ** 2);
}

/** Equal deltas have equal marks; no drift has "". */
export function markOf(delta: Delta): string {
  return countOf(delta) === 0 ? "" : createHash("sha256").update(JSON.stringify(delta)).digest("hex");
}
