// Which entries concern a vCluster, while nodes may join and leave it.
import type { Enrollment, Scope } from "pact/api";

/** For so long a node that was outside counts as outside, in ms. */
const OUTSIDE_MS = 10_000;

export class Members {
  readonly #vcluster: string;
  readonly #enrollment: Enrollment;
  readonly #signal: AbortSignal;
  #inside: ReadonlySet<string> = new Set();
  readonly #outside = new Map<string, number>();

  constructor(vcluster: string, enrollment: Enrollment, signal: AbortSignal) {
    this.#vcluster = vcluster;
    this.#enrollment = enrollment;
    this.#signal = signal;
  }

  async load(): Promise<void> {
    const nodes = await this.#enrollment.list({ vcluster: this.#vcluster }, this.#signal);
    this.#inside = new Set(nodes.map(({ nodeId }) => nodeId));
  }

  /** Whether a scope is the vCluster's own, one of its nodes, or everybody's. */
  async concerns(scope: Scope): Promise<boolean> {
    if (scope.kind === "global") return true;
    if (scope.kind === "vcluster") return scope.name === this.#vcluster;
    if (this.#inside.has(scope.name)) return true;
    const now = performance.now();
    if (now - (this.#outside.get(scope.name) ?? Number.NEGATIVE_INFINITY) < OUTSIDE_MS) return false;
    this.#outside.set(scope.name, now);
    // Without an answer the nodes are those it had: the journal's absence is told by the watch itself.
    await this.load().catch(() => {});
    return this.#inside.has(scope.name);
  }
}
