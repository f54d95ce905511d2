// Overlays: what a vCluster declares, as the JSON that agents read at boot, built when asked for.
import { newest } from "./declared.ts";
import type { Journal } from "./journal.ts";
import { precondition } from "./refusal.ts";
import { overlayChecksum } from "./siphash.ts";

const MAX_BYTES = 10 * 1024 * 1024;

export interface Overlay {
  /** Sequence of the last entry that changed the vCluster. */
  readonly version: number;
  readonly data: Buffer;
  readonly checksum: string;
}

const built = new WeakMap<Journal, Map<string, Overlay>>();

/** The overlay of a vCluster; undefined while it declares nothing. Throws a Refusal when it is too large. */
export function overlayOf(journal: Journal, vcluster: string): Overlay | undefined {
  const head = journal.state.heads.get(`vc:${vcluster}`);
  const declared = journal.state.declared.get(vcluster);
  if (head === undefined || declared === undefined) return undefined;
  let known = built.get(journal);
  if (known === undefined) built.set(journal, (known = new Map()));
  const kept = known.get(vcluster);
  if (kept?.version === head.sequence) return kept;
  const data = Buffer.from(JSON.stringify(newest(declared)));
  if (data.length > MAX_BYTES) throw precondition(`the overlay of ${vcluster} is larger than ${MAX_BYTES} bytes`);
  const overlay = { version: head.sequence, data, checksum: overlayChecksum(data) };
  known.set(vcluster, overlay);
  journal.counters.overlayBuilds += 1;
  return overlay;
}
