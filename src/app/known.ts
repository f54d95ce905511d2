// What completion may offer: names learned from the journal, refreshed between
// lines, so that Tab never waits for a network.
import { type Candidate, type Known, NOTHING_KNOWN } from "../core/complete.ts";
import type { Host } from "./host.ts";
import type { KnownNode } from "./name-cache.ts";

const FRESH_MS = 60_000;
const LONGEST_MS = 5_000;

/** Nodes with their vCluster as a note, and the vClusters they are in. */
export function candidatesOf(nodes: readonly KnownNode[]): Pick<Known, "node" | "vcluster"> {
  const vclusters = [...new Set(nodes.flatMap(({ vcluster }) => vcluster ?? []))].sort();
  return {
    node: nodes.map(({ nodeId, vcluster }) => ({ text: nodeId, note: vcluster ?? "unassigned" })),
    vcluster: vclusters.map((text) => ({ text })),
  };
}

export class KnownNames {
  readonly #host: Host;
  #known: Known = NOTHING_KNOWN;
  #asked = Number.NEGATIVE_INFINITY;
  #running = false;

  constructor(host: Host) {
    this.#host = host;
  }

  get now(): Known {
    return { ...this.#known, settings: this.#settings() };
  }

  /** Begins a refresh when the names are old; nobody waits for it, and it says nothing when it fails. */
  refresh(): void {
    const now = performance.now();
    if (this.#running || now - this.#asked < FRESH_MS) return;
    this.#running = true;
    this.#asked = now;
    this.#load(AbortSignal.timeout(LONGEST_MS)).catch(() => {
      // Not learned: the next prompt tries again.
      this.#asked = Number.NEGATIVE_INFINITY;
    }).finally(() => {
      this.#running = false;
    });
  }

  #settings(): Known["settings"] {
    const { session } = this.#host;
    const values = (key: string): readonly Candidate[] => {
      if (key === "node" || key === "vcluster") return this.#known[key];
      return session.choices(key).map((text) => ({ text }));
    };
    return new Map(session.settable().map((key) => [key, values(key)]));
  }

  async #load(signal: AbortSignal): Promise<void> {
    const network = await this.#host.background();
    if (network === undefined) return;
    // What an earlier run saw will do until the journal answers.
    if (this.#known === NOTHING_KNOWN) this.#known = { ...this.#known, ...candidatesOf(await network.keptNames().catch(() => [])) };
    const { enrollment, agents } = await network.client();
    const nodes = await enrollment.list({}, signal);
    this.#known = { ...this.#known, ...candidatesOf(nodes) };
    const first = nodes.find(({ agentEndpoint }) => agentEndpoint !== null);
    if (first === undefined) return;
    const commands = await (await agents.at(first, signal)).commands(signal);
    this.#known = { ...this.#known, remote: commands.map((text) => ({ text })) };
  }
}
