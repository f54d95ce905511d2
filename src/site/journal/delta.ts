// State deltas: kept as they came, and read as {action, key, value, previous} in seven dimensions (D2).
import type { StateDelta } from "../../contract/gen/pact/config/StateDelta.ts";
import type { StateDelta__Output } from "../../contract/gen/pact/config/StateDelta.ts";
import type { MountSpec__Output } from "../../contract/gen/pact/config/MountSpec.ts";

export const DIMENSIONS = ["mounts", "files", "network", "services", "kernel", "packages", "gpu"] as const;
export type Dimension = (typeof DIMENSIONS)[number];
/** Weights of a dimension in the magnitude (D4). */
const WEIGHT: Readonly<Record<Dimension, number>> = { mounts: 1, files: 1, network: 1, services: 1, kernel: 2, packages: 1, gpu: 2 };

/** The whole delta as it was sent; absent optional fields stay absent. */
export type Delta = StateDelta__Output;
export type Action = "Add" | "Remove" | "Modify";
export interface Item {
  readonly action: Action;
  readonly key: string;
  readonly value: string | null;
  readonly previous: string | null;
}
export type Items = Readonly<Record<Dimension, readonly Item[]>>;

const ACTIONS: Readonly<Record<string, Action>> = { DELTA_ACTION_ADD: "Add", DELTA_ACTION_REMOVE: "Remove" };
/** 0 and unknown numbers are read as a modification. */
const actionOf = (wire: string | number): Action => ACTIONS[wire] ?? "Modify";

/** A copy without the loader's marks of which optional fields are set. */
export function plainDelta(delta: StateDelta__Output): Delta {
  return JSON.parse(JSON.stringify(delta, (key, value: unknown) => (key.startsWith("_") ? undefined : value)));
}

function mountText(spec: MountSpec__Output | null | undefined): string | null {
  return spec === null || spec === undefined ? null : `${spec.fs_type}:${spec.source} (${spec.options})`;
}

/** The items as the journal's JSON shows them. */
export function itemsOf(delta: Delta | null): Items {
  const of = <T>(list: readonly T[] | undefined, make: (item: T) => Item): Item[] => (list ?? []).map(make);
  return {
    mounts: of(delta?.mounts, (m) => ({ action: actionOf(m.action), key: m.path, value: mountText(m.declared), previous: mountText(m.actual) })),
    files: of(delta?.files, (f) => ({ action: actionOf(f.action), key: f.path, value: f.content_hash ?? null, previous: f.owner ?? null })),
    network: of(delta?.network, (n) => ({ action: actionOf(n.action), key: n.interface, value: n.detail ?? null, previous: null })),
    services: of(delta?.services, (s) => ({ action: actionOf(s.action), key: s.name, value: s.declared_state ?? null, previous: s.actual_state ?? null })),
    kernel: of(delta?.kernel, (k) => ({ action: actionOf(k.action), key: k.key, value: k.declared_value ?? null, previous: k.actual_value ?? null })),
    packages: of(delta?.packages, (p) => ({ action: actionOf(p.action), key: p.name, value: p.version ?? null, previous: null })),
    gpu: of(delta?.gpu, (g) => ({ action: actionOf(g.action), key: String(g.gpu_index), value: g.detail ?? null, previous: null })),
  };
}

/** How many items a delta has. */
export function countOf(delta: Delta | null): number {
  return delta === null ? 0 : DIMENSIONS.reduce((sum, dimension) => sum + (delta[dimension]?.length ?? 0), 0);
}

/** sqrt(sum(weight × n²)) over the dimensions. */
export function magnitudeOf(delta: Delta | null): number {
  if (delta === null) return 0;
  return Math.sqrt(DIMENSIONS.reduce((sum, dimension) => sum + WEIGHT[dimension] * (delta[dimension]?.length ?? 0) ** 2, 0));
}

/** Every key of a delta, with its dimension, so that deltas can be compared key by key. */
export function keysOf(delta: Delta | null): string[] {
  const items = itemsOf(delta);
  return DIMENSIONS.flatMap((dimension) => items[dimension].map(({ key }) => `${dimension}:${key}`));
}

/** What a stock server gives back of a delta: both sides of a mount and the mode of a file are lost on the way. */
export function lossyDelta(delta: Delta): StateDelta {
  return {
    ...delta,
    mounts: delta.mounts.map(({ path, action }) => ({ path, action })),
    files: delta.files.map(({ path, action, content_hash, owner }) => ({
      path,
      action,
      ...(content_hash === undefined ? {} : { content_hash }),
      ...(owner === undefined ? {} : { owner }),
    })),
  };
}
