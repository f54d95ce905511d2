// The drift of a node: from its agent where it can tell, else from what the
// journal last heard of it.
import { type Agent, type DeltaItem, type Entry, type Journal, type NodeState, PactError } from "pact/api";

export interface DriftSource {
  readonly items: readonly DeltaItem[];
  /** Sequence of the entry it comes from; null when the agent said it. */
  readonly seq: number | null;
}

/** The agent's state, or undefined when it is one that cannot tell. */
export async function askAgent(agent: Agent, parts: Parameters<Agent["state"]>[0], signal: AbortSignal): Promise<NodeState | undefined> {
  try {
    return await agent.state(parts, signal);
  } catch (error) {
    if (error instanceof PactError && error.failure === "unsupported") return undefined;
    throw error;
  }
}

/** Drift reported to the journal and not committed since: the last report wins. */
export function reportedDrift(ascending: readonly Entry[]): DriftSource {
  let last: DriftSource = { items: [], seq: null };
  for (const entry of ascending) {
    if (entry.type === "COMMIT" || entry.type === "ROLLBACK") last = { items: [], seq: null };
    else if (entry.type === "DRIFT_DETECTED") last = { items: entry.delta ?? [], seq: entry.seq };
  }
  return last;
}

/** Drift of one node. */
export async function driftOf(agent: Agent, journal: () => Promise<Journal>, signal: AbortSignal): Promise<DriftSource> {
  const state = await askAgent(agent, { drift: true }, signal);
  if (state !== undefined) return { items: state.drift?.items ?? [], seq: null };
  const entries: Entry[] = [];
  for await (const entry of (await journal()).list({ scope: { kind: "node", name: agent.node } }, signal)) {
    if (entry.type === "COMMIT" || entry.type === "ROLLBACK" || entry.type === "DRIFT_DETECTED") entries.push(entry);
  }
  return reportedDrift(entries);
}
