// Where an entry applies, as one string: "global", "vc:NAME" or "node:ID". The log, its indexes and the fold speak in these.
import type { Scope, Scope__Output } from "../../contract/gen/pact/config/Scope.ts";

export type ScopeKey = "global" | `vc:${string}` | `node:${string}`;

/** Absent, empty, and global = false all mean global. */
export function scopeKey(scope: Scope__Output | null): ScopeKey {
  if (scope?.scope === "node_id") return `node:${scope.node_id ?? ""}`;
  if (scope?.scope === "vcluster_id") return `vc:${scope.vcluster_id ?? ""}`;
  return "global";
}

export function wireScope(key: ScopeKey): Scope {
  const node = nodeOf(key);
  if (node !== undefined) return { node_id: node };
  const vcluster = vclusterOf(key);
  return vcluster === undefined ? { global: true } : { vcluster_id: vcluster };
}

export const nodeOf = (key: ScopeKey): string | undefined => (key.startsWith("node:") ? key.slice("node:".length) : undefined);
export const vclusterOf = (key: ScopeKey): string | undefined => (key.startsWith("vc:") ? key.slice("vc:".length) : undefined);

/** Names of nodes and vClusters. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
export const isId = (text: string): boolean => ID.test(text);
