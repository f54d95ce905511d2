// What the entries of a vCluster declare, key by key, with the history of each key: an overlay is the newest
// of each, and a rollback without a delta goes back to what was newest at its target.
import { DIMENSIONS, itemsOf } from "./delta.ts";
import type { Dimension, Items } from "./delta.ts";
import { ENTRY } from "./entry.ts";
import type { Entry } from "./entry.ts";

type Item = Items[Dimension][number];
interface Version {
  readonly sequence: number;
  /** Null: not declared any more. */
  readonly item: Item | null;
}
/** Histories by dimension and key, each ascending by sequence. */
export type Declared = Record<Dimension, Map<string, Version[]>>;

export function nothingDeclared(): Declared {
  const empty = (): Map<string, Version[]> => new Map();
  return { mounts: empty(), files: empty(), network: empty(), services: empty(), kernel: empty(), packages: empty(), gpu: empty() };
}

const DECLARES: ReadonlySet<number> = new Set([ENTRY.COMMIT, ENTRY.ROLLBACK, ENTRY.AUTO_CONVERGE, ENTRY.BOOT_CONFIG]);

/** Folds an entry of the vCluster's own scope. */
export function foldDeclared(declared: Declared, entry: Entry): void {
  if (!DECLARES.has(entry.type)) return;
  if (entry.delta !== null) {
    const items = itemsOf(entry.delta);
    for (const dimension of DIMENSIONS) {
      for (const item of items[dimension]) push(declared[dimension], item.key, { sequence: entry.sequence, item });
    }
  } else if (entry.type === ENTRY.ROLLBACK && entry.parent !== null) {
    goBack(declared, entry.sequence, entry.parent);
  }
}

function push(histories: Map<string, Version[]>, key: string, version: Version): void {
  const history = histories.get(key);
  if (history === undefined) histories.set(key, [version]);
  else history.push(version);
}

function goBack(declared: Declared, sequence: number, target: number): void {
  for (const dimension of DIMENSIONS) {
    for (const history of declared[dimension].values()) {
      if ((history.at(-1)?.sequence ?? -1) <= target) continue;
      history.push({ sequence, item: history.findLast((version) => version.sequence <= target)?.item ?? null });
    }
  }
}

/** The newest item of each key, in the order of keys. */
export function newest(declared: Declared): Items {
  const of = (dimension: Dimension): Item[] =>
    [...declared[dimension].entries()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, history]) => history.at(-1)?.item ?? []);
  return {
    mounts: of("mounts"), files: of("files"), network: of("network"), services: of("services"),
    kernel: of("kernel"), packages: of("packages"), gpu: of("gpu"),
  };
}
