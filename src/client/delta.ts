// State deltas, wire ↔ domain: seven lists of seven shapes on the wire, one list of items here.
import { DIMENSIONS, type DeltaItem, type Dimension } from "../api/index.ts";
import type { DeltaAction, DeltaAction__Output } from "../contract/gen/pact/config/DeltaAction.ts";
import type { MountSpec, MountSpec__Output } from "../contract/gen/pact/config/MountSpec.ts";
import type { StateDelta, StateDelta__Output } from "../contract/gen/pact/config/StateDelta.ts";
import { nonsense, toUint32, unfit } from "./range.ts";

const TO_ACTION: Readonly<Record<DeltaItem["action"], DeltaAction>> = {
  add: "DELTA_ACTION_ADD",
  remove: "DELTA_ACTION_REMOVE",
  modify: "DELTA_ACTION_MODIFY",
};

/** 0 and unknown numbers are read as a modification. */
function fromAction(action: DeltaAction__Output | number): DeltaItem["action"] {
  if (action === "DELTA_ACTION_ADD") return "add";
  return action === "DELTA_ACTION_REMOVE" ? "remove" : "modify";
}

function toAction(action: DeltaItem["action"]): DeltaAction {
  const wire = TO_ACTION[action];
  if (wire === undefined) throw unfit(`a change must add, remove or modify, got ${String(action)}`);
  return wire;
}

/** `TYPE:SOURCE (OPTIONS)`, as the journal itself writes a mount. */
const mountText = (spec: MountSpec__Output | null | undefined): string | null =>
  spec === null || spec === undefined ? null : `${spec.fs_type}:${spec.source} (${spec.options})`;

function mountSpec(text: string, readOnly: boolean | undefined): MountSpec {
  const parts = /^([^:]*):(.*) \(([^()]*)\)$/su.exec(text);
  const [, fs_type, source, options] = parts ?? [];
  if (fs_type === undefined || source === undefined || options === undefined) {
    throw unfit(`a mount is written TYPE:SOURCE (OPTIONS), got ${JSON.stringify(text.slice(0, 80))}`);
  }
  return { fs_type, source, options, read_only: readOnly ?? false };
}

export function deltaFromWire(delta: StateDelta__Output): DeltaItem[] {
  const item = (dimension: Dimension, key: string, action: DeltaAction__Output, declared: string | null | undefined, actual?: string | null): DeltaItem =>
    ({ dimension, key, action: fromAction(action), declared: declared ?? null, actual: actual ?? null });
  return [
    ...delta.mounts.map((m) => {
      const spec = m.declared ?? m.actual;
      const base = item("mounts", m.path, m.action, mountText(m.declared), mountText(m.actual));
      return spec === null || spec === undefined ? base : { ...base, readOnly: spec.read_only };
    }),
    ...delta.files.map((f) => ({
      ...item("files", f.path, f.action, f.content_hash, f.actual_hash),
      ...(f.mode === undefined ? {} : { mode: f.mode }),
      ...(f.owner === undefined ? {} : { owner: f.owner }),
    })),
    ...delta.network.map((n) => item("network", n.interface, n.action, n.detail)),
    ...delta.services.map((s) => item("services", s.name, s.action, s.declared_state, s.actual_state)),
    ...delta.kernel.map((k) => item("kernel", k.key, k.action, k.declared_value, k.actual_value)),
    ...delta.packages.map((p) => item("packages", p.name, p.action, p.version)),
    ...delta.gpu.map((g) => item("gpu", String(g.gpu_index), g.action, g.detail)),
  ];
}

/** A field with presence: left out when there is nothing to say. */
const given = <K extends string>(key: K, value: string | null | undefined): Partial<Record<K, string>> =>
  (value === null || value === undefined ? {} : { [key]: value }) as Partial<Record<K, string>>;

export function deltaToWire(items: readonly DeltaItem[]): StateDelta {
  const stray = items.find(({ dimension }) => !DIMENSIONS.includes(dimension));
  if (stray !== undefined) throw unfit(`there is no dimension ${JSON.stringify(stray.dimension)}`);
  const of = <T>(dimension: Dimension, make: (item: DeltaItem, action: DeltaAction) => T): T[] =>
    items.filter((item) => item.dimension === dimension).map((item) => make(item, toAction(item.action)));
  return {
    mounts: of("mounts", ({ key, declared, actual, readOnly }, action) => ({
      path: key,
      action,
      ...(declared === null ? {} : { declared: mountSpec(declared, readOnly) }),
      ...(actual === null ? {} : { actual: mountSpec(actual, readOnly) }),
    })),
    files: of("files", ({ key, declared, actual, mode, owner }, action) => ({
      path: key,
      action,
      ...given("content_hash", declared),
      ...given("actual_hash", actual),
      ...given("owner", owner),
      ...(mode === undefined ? {} : { mode: toUint32(mode, `the mode of ${key}`) }),
    })),
    // These three have one value on the wire: what is declared, else what is there.
    network: of("network", ({ key, declared, actual }, action) => ({ interface: key, action, ...given("detail", declared ?? actual) })),
    packages: of("packages", ({ key, declared, actual }, action) => ({ name: key, action, ...given("version", declared ?? actual) })),
    gpu: of("gpu", ({ key, declared, actual }, action) => ({ gpu_index: gpuIndex(key), action, ...given("detail", declared ?? actual) })),
    services: of("services", ({ key, declared, actual }, action) => ({
      name: key, action, ...given("declared_state", declared), ...given("actual_state", actual),
    })),
    kernel: of("kernel", ({ key, declared, actual }, action) => ({
      key, action, ...given("declared_value", declared), ...given("actual_value", actual),
    })),
  };
}

function gpuIndex(key: string): number {
  return toUint32(/^\d{1,10}$/u.test(key) ? Number(key) : Number.NaN, `the index of a GPU (${JSON.stringify(key.slice(0, 40))})`);
}

/** A delta in the journal's JSON: seven arrays of {action, key, value, previous}. */
export function deltaFromJson(delta: Readonly<Record<string, unknown>>): DeltaItem[] {
  return DIMENSIONS.flatMap((dimension) => {
    const list = delta[dimension] ?? [];
    if (!Array.isArray(list)) throw nonsense(`the ${dimension} of a delta are no list`);
    return list.map((item: unknown) => itemFromJson(dimension, item));
  });
}

function itemFromJson(dimension: Dimension, item: unknown): DeltaItem {
  if (typeof item !== "object" || item === null || !("key" in item) || typeof item.key !== "string") throw nonsense(`a change of ${dimension} names nothing`);
  const action = "action" in item ? item.action : undefined;
  const value = text("value" in item ? item.value : null);
  const previous = text("previous" in item ? item.previous : null);
  const base = { dimension, key: item.key, action: action === "Add" ? "add" : action === "Remove" ? "remove" : "modify" } as const;
  // For files, `previous` holds the owner.
  if (dimension === "files") return { ...base, declared: value, actual: null, ...(previous === null ? {} : { owner: previous }) };
  return { ...base, declared: value, actual: previous };
}

function text(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value !== "string") throw nonsense("a value in a delta is no text");
  return value;
}
