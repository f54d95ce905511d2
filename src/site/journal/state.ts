// What the journal knows: a pure fold of its log. It depends on the records alone, never on the
// clock, so that a restart rebuilds exactly what was there.
import type { Link } from "./chain.ts";
import { foldApproval } from "./approval-record.ts";
import type { Approval, ApprovalFact } from "./approval-record.ts";
import { foldDeclared, nothingDeclared } from "./declared.ts";
import type { Declared } from "./declared.ts";
import { countOf, keysOf, magnitudeOf } from "./delta.ts";
import { ENTRY, entryOf, movesHead } from "./entry.ts";
import type { Entry } from "./entry.ts";
import { foldNode } from "./nodes.ts";
import type { NodeFact, NodeRecord } from "./nodes.ts";
import type { Policy, PolicyBody } from "./policy.ts";
import { nodeOf, vclusterOf } from "./scope.ts";
import type { ScopeKey } from "./scope.ts";

/** Answers kept for repeated requests. */
const KEPT_REQUESTS = 100_000;

export interface Head {
  readonly sequence: number;
  readonly by: string;
}
export interface Emergency {
  readonly sequence: number;
  readonly reason: string;
  readonly by: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}
/** A commit of one node that its vCluster does not cover. */
export interface LocalCommit {
  readonly sequence: number;
  /** Keys no later vCluster entry covers. */
  readonly keys: Set<string>;
  /** Milliseconds since the epoch; null: for good. */
  readonly expires: number | null;
}
export interface NodeConfig {
  /** What the last report after the last commit found; null when nothing. */
  drift: { readonly count: number; readonly magnitude: number } | null;
  local: LocalCommit[];
}

/** What a request was answered with: the entry's sequence, or the approval it waits for. */
export type FirstAnswer = { readonly sequence: number } | { readonly approval: string };

export class State {
  /** Sequence of the next entry. */
  next = 0;
  readonly heads = new Map<ScopeKey, Head>();
  readonly emergencies = new Map<ScopeKey, Emergency>();
  readonly nodes = new Map<string, NodeRecord>();
  readonly configs = new Map<string, NodeConfig>();
  readonly declared = new Map<string, Declared>();
  readonly policies = new Map<string, Policy>();
  readonly approvals = new Map<string, Approval>();
  readonly requests = new Map<string, FirstAnswer>();

  /** Folds the next record of the journal. Throws on a record of unknown kind or a gap in the sequences. */
  apply(link: Link): void {
    // Bodies are ours: each kind is written in one place, with the type named here.
    switch (link.kind) {
      case "entry":
        return this.applyEntry(entryOf(link));
      case "node":
        return foldNode(this.nodes, link, link.body as NodeFact);
      case "policy": {
        const { policy } = link.body as PolicyBody;
        this.policies.set(policy.vcluster_id, policy);
        return;
      }
      case "approval": {
        const fact = link.body as ApprovalFact;
        foldApproval(this.approvals, link, fact);
        if (fact.op === "open" && fact.request_key !== null) this.remember(fact.request_key, { approval: fact.id });
        return;
      }
      default:
        throw new Error(`record ${link.index} is of a kind this version does not know: ${link.kind}`);
    }
  }

  private applyEntry(entry: Entry): void {
    if (entry.sequence !== this.next) throw new Error(`entry ${entry.sequence} stands where ${this.next} belongs`);
    this.next += 1;
    if (entry.request !== undefined) this.remember(entry.request, { sequence: entry.sequence });
    if (movesHead(entry.type)) this.heads.set(entry.scope, { sequence: entry.sequence, by: entry.author.principal });
    if (entry.type === ENTRY.EMERGENCY_START) {
      const { sequence, time, author } = entry;
      this.emergencies.set(entry.scope, { sequence, reason: entry.emergency_reason ?? "", by: author.principal, since: time });
    }
    if (entry.type === ENTRY.EMERGENCY_END) this.emergencies.delete(entry.scope);
    const node = nodeOf(entry.scope);
    const vcluster = vclusterOf(entry.scope);
    if (node !== undefined) this.applyToNode(node, entry);
    if (vcluster !== undefined) this.applyToVcluster(vcluster, entry);
  }

  private applyToNode(node: string, entry: Entry): void {
    const config = this.config(node);
    if (entry.type === ENTRY.DRIFT_DETECTED) {
      const count = countOf(entry.delta);
      config.drift = count === 0 ? null : { count, magnitude: magnitudeOf(entry.delta) };
    }
    if (entry.type === ENTRY.COMMIT) {
      config.drift = null;
      const expires = entry.ttl_s === null || entry.ttl_s === 0 ? null : entry.time + entry.ttl_s * 1000;
      const keys = new Set(keysOf(entry.delta));
      if (keys.size > 0) config.local.push({ sequence: entry.sequence, keys, expires });
    }
    if (entry.type === ENTRY.ROLLBACK && entry.parent !== null) {
      const target = entry.parent;
      config.local = config.local.filter(({ sequence }) => sequence <= target);
    }
  }

  private applyToVcluster(vcluster: string, entry: Entry): void {
    let declared = this.declared.get(vcluster);
    if (declared === undefined) this.declared.set(vcluster, (declared = nothingDeclared()));
    foldDeclared(declared, entry);
    // Only what declares state covers a node's own commits.
    if (!movesHead(entry.type) || entry.delta === null) return;
    const covered = keysOf(entry.delta);
    for (const [node, config] of this.configs) {
      if (config.local.length === 0 || this.nodes.get(node)?.vcluster !== vcluster) continue;
      for (const { keys } of config.local) for (const key of covered) keys.delete(key);
      config.local = config.local.filter(({ keys }) => keys.size > 0);
    }
  }

  private config(node: string): NodeConfig {
    let config = this.configs.get(node);
    if (config === undefined) this.configs.set(node, (config = { drift: null, local: [] }));
    return config;
  }

  private remember(key: string, answer: FirstAnswer): void {
    this.requests.set(key, answer);
    if (this.requests.size <= KEPT_REQUESTS) return;
    for (const oldest of this.requests.keys()) {
      this.requests.delete(oldest);
      return;
    }
  }

  /** The vCluster a scope belongs to: its own, or that of the node; undefined for global and unassigned nodes. */
  vclusterOf(scope: ScopeKey): string | undefined {
    const node = nodeOf(scope);
    if (node === undefined) return vclusterOf(scope);
    const assigned = this.nodes.get(node)?.vcluster ?? "";
    return assigned === "" ? undefined : assigned;
  }

  /** The emergency that holds in a scope: its own, its vCluster's, or the global one. */
  emergencyIn(scope: ScopeKey): Emergency | undefined {
    const vcluster = this.vclusterOf(scope);
    const inherited = vcluster === undefined ? undefined : this.emergencies.get(`vc:${vcluster}`);
    return this.emergencies.get(scope) ?? inherited ?? this.emergencies.get("global");
  }
}
