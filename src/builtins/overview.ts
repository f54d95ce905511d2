// What the journal knows of a node, folded from its entries: for servers that do
// not keep the fold themselves.
import { type DeltaItem, type Entry, type Journal, type NodeOverview } from "pact/api";
import { reportedDrift } from "./drift.ts";

const HEAVY: ReadonlySet<string> = new Set(["kernel", "gpu"]);

/** sqrt of the weighted squares of the counts by dimension; kernel and gpu weigh 2 (D4). */
export function magnitude(items: readonly DeltaItem[]): number {
  const counts = new Map<string, number>();
  for (const { dimension } of items) counts.set(dimension, (counts.get(dimension) ?? 0) + 1);
  let sum = 0;
  for (const [dimension, n] of counts) sum += (HEAVY.has(dimension) ? 2 : 1) * n * n;
  return Math.sqrt(sum);
}

const OPEN_TYPES: ReadonlySet<string> = new Set(["COMMIT", "ROLLBACK", "DRIFT_DETECTED", "AUTO_CONVERGE", "BOOT_CONFIG", "EMERGENCY_ON", "EMERGENCY_OFF"]);

/** The overview of one node from its own entries. Emergencies of its vCluster are not seen here. */
export async function overviewFromEntries(journal: Journal, nodeId: string, signal: AbortSignal): Promise<NodeOverview> {
  const entries: Entry[] = [];
  for await (const entry of journal.list({ scope: { kind: "node", name: nodeId } }, signal)) {
    if (OPEN_TYPES.has(entry.type)) entries.push(entry);
  }
  const drift = reportedDrift(entries).items;
  const local = entries.filter(({ type, delta }) => type === "COMMIT" && delta !== null && delta.length > 0);
  const emergency = entries.filter(({ type }) => type === "EMERGENCY_ON" || type === "EMERGENCY_OFF").at(-1);
  const head = entries.filter(({ type }) => type !== "DRIFT_DETECTED" && !type.startsWith("EMERGENCY")).at(-1);
  const now = Date.now();
  return {
    configState: emergency?.type === "EMERGENCY_ON" ? "emergency" : drift.length > 0 ? "drifted" : "committed",
    drift: { count: drift.length, magnitude: magnitude(drift) },
    emergency: emergency?.type === "EMERGENCY_ON" ? { by: emergency.author.principal, reason: emergency.message, startedAt: emergency.time } : null,
    localDeltas: local.length,
    expiredDeltas: local.filter(({ time, ttlS }) => ttlS !== null && ttlS > 0 && time.getTime() + ttlS * 1000 < now).length,
    head: head?.seq ?? null,
    observeOnly: false,
  };
}
