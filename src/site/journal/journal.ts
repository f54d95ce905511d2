// The journal itself: the log, its fold, and the few things every service asks of them.
import type { Caller, Clock, SiteConfig } from "../parts.ts";
import type { Link } from "./chain.ts";
import { Counters } from "./metrics.ts";
import type { Draft } from "./entry.ts";
import { judge, sightOf } from "./roles.ts";
import type { Sight, Verdict } from "./roles.ts";
import { defaultPolicy } from "./policy.ts";
import type { Policy, PolicyBody } from "./policy.ts";
import type { ApprovalFact } from "./approval-record.ts";
import type { NodeFact } from "./nodes.ts";
import { nodeOf } from "./scope.ts";
import type { ScopeKey } from "./scope.ts";
import { State } from "./state.ts";
import { Store } from "./store.ts";

export type Profile = "embedded" | "real";

export class Journal {
  readonly store: Store;
  readonly state: State;
  readonly clock: Clock;
  readonly config: SiteConfig;
  readonly profile: Profile;
  readonly counters = new Counters();
  /** When each node was last heard of, in ms. In memory: a restart asks the nodes anew. */
  readonly heartbeats = new Map<string, number>();
  private readonly stop = new AbortController();

  private constructor(store: Store, state: State, from: { clock: Clock; config: SiteConfig; profile: Profile }) {
    this.store = store;
    this.state = state;
    this.clock = from.clock;
    this.config = from.config;
    this.profile = from.profile;
  }

  static open(from: { dir: string; clock: Clock; config: SiteConfig; profile: Profile }): Journal {
    const state = new State();
    const store = Store.open(from.dir, (link) => state.apply(link));
    return new Journal(store, state, from);
  }

  get embedded(): boolean {
    return this.profile === "embedded";
  }
  /** Aborted when the journal stops: streams end then. */
  get stopping(): AbortSignal {
    return this.stop.signal;
  }
  now(): number {
    return this.clock.now();
  }

  private record(kind: string, body: unknown, index?: { sequence: number; scope: string }): Link {
    const link = this.store.append("journal", this.now(), kind, body, index);
    this.state.apply(link);
    return link;
  }

  // Each of these is in the fold at once and in the answer only after `store.durable()`.

  /** Appends an entry and answers its sequence. `request` is the key under which a repeat finds the answer. */
  appendEntry(draft: Draft, request?: string): number {
    const sequence = this.state.next;
    const body = { sequence, ...draft, ...(request === undefined ? {} : { request }) };
    this.record("entry", body, { sequence, scope: draft.scope });
    return sequence;
  }
  appendNode(fact: NodeFact): void {
    this.record("node", fact);
  }
  appendPolicy(body: PolicyBody): void {
    this.record("policy", body);
  }
  appendApproval(fact: ApprovalFact): void {
    this.record("approval", fact);
  }

  /** The policy that holds in a vCluster; the default one where nobody wrote any. */
  policyOf(vcluster: string | undefined): Policy {
    if (vcluster === undefined) return defaultPolicy("");
    return this.state.policies.get(vcluster) ?? defaultPolicy(vcluster, this.config.vclusters.find(({ name }) => name === vcluster));
  }
  /** Whether a vCluster is configured, has a policy, nodes, or declares anything. */
  knowsVcluster(name: string): boolean {
    if (this.config.vclusters.some((vcluster) => vcluster.name === name)) return true;
    if (this.state.policies.has(name) || this.state.declared.has(name)) return true;
    return [...this.state.nodes.values()].some(({ vcluster }) => vcluster === name);
  }

  sight(caller: Caller): Sight {
    return sightOf(caller, this.state.policies);
  }
  /** Whether someone with that sight may read what belongs to a scope. */
  sees(sight: Sight, scope: ScopeKey): boolean {
    if (sight.all) return true;
    if (scope === "global") return sight.global;
    const vcluster = this.state.vclusterOf(scope);
    if (vcluster !== undefined) return sight.vcluster(vcluster);
    return nodeOf(scope) !== undefined && sight.unassigned;
  }
  judge(caller: Caller, action: string, vcluster: string | undefined): Verdict {
    return judge(caller, action, vcluster, this.policyOf(vcluster));
  }

  /** Ends the streams; the store stays open until `close`. */
  stopStreams(): void {
    this.stop.abort();
  }
  async close(): Promise<void> {
    this.stopStreams();
    await this.store.close();
  }
}
