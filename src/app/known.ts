// What completion may offer: names learned from the journal, refreshed between
// lines, so that Tab never waits for a network.
import type { Candidate, Known } from "../core/complete.ts";
import type { Host } from "./host.ts";

const FRESH_MS = 60_000;
const LONGEST_MS = 5_000;

export class KnownNames {
  readonly #host: Host;
  #known: Known = { node: [], vcluster: [], remote: [], seq: [] };
  #asked = Number.NEGATIVE_INFINITY;
  #running = false;

  constructor(host: Host) {
    this.#host = host;
  }

  get now(): Known {
    return this.#known;
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

  async #load(signal: AbortSignal): Promise<void> {
    const network = await this.#host.background();
    if (network === undefined) return;
    const { enrollment, agents } = await network.client();
    const nodes = await enrollment.list({}, signal);
    const vclusters = [...new Set(nodes.flatMap(({ vcluster }) => vcluster ?? []))].sort();
    const offered: Candidate[] = nodes.map(({ nodeId, vcluster }) => ({ text: nodeId, note: vcluster ?? "unassigned" }));
    this.#known = { ...this.#known, node: offered, vcluster: vclusters.map((text) => ({ text })) };
    const first = nodes.find(({ agentEndpoint }) => agentEndpoint !== null);
    if (first === undefined) return;
    const commands = await (await agents.at(first, signal)).commands(signal);
    this.#known = { ...this.#known, remote: commands.map((text) => ({ text })) };
  }
}
