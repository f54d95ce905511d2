// What the journal says of a node: its summary, its configuration state, and the fold of its entries (ND3).
import type { NodeOverview } from "../../contract/gen/pact/enrollment/NodeOverview.ts";
import type { NodeSummary } from "../../contract/gen/pact/enrollment/NodeSummary.ts";
import { timeText, wireTime } from "./entry.ts";
import type { Journal } from "./journal.ts";
import { shownState } from "./nodes.ts";
import type { NodeRecord } from "./nodes.ts";

export type ConfigStateName = "ObserveOnly" | "Committed" | "Drifted" | "Converging" | "Emergency";

export function configState(journal: Journal, node: NodeRecord): ConfigStateName {
  if (node.observeOnly) return "ObserveOnly";
  if (journal.state.emergencyIn(`node:${node.node}`) !== undefined) return "Emergency";
  return (journal.state.configs.get(node.node)?.drift ?? null) === null ? "Committed" : "Drifted";
}

export function overviewOf(journal: Journal, node: NodeRecord): NodeOverview {
  const { state } = journal;
  const now = journal.now();
  const config = state.configs.get(node.node);
  const emergency = state.emergencyIn(`node:${node.node}`);
  const head = state.heads.get(`node:${node.node}`);
  const local = config?.local ?? [];
  return {
    config_state: configState(journal, node),
    drift_count: config?.drift?.count ?? 0,
    drift_magnitude: config?.drift?.magnitude ?? 0,
    local_deltas: local.length,
    expired_deltas: local.filter(({ expires }) => expires !== null && expires <= now).length,
    observe_only: node.observeOnly,
    ...(head === undefined ? {} : { head: head.sequence }),
    ...(emergency === undefined
      ? {}
      : { emergency: { reason: emergency.reason, by: emergency.by, started_at: wireTime(emergency.since) } }),
  };
}

/** When a node was last heard of, in ms; null when never. */
export function lastSeen(journal: Journal, node: NodeRecord): number | null {
  const heard = Math.max(journal.heartbeats.get(node.node) ?? 0, node.activeSince ?? 0);
  return heard === 0 ? null : heard;
}

/** The state clients see; a stock journal never notices that a node went silent. */
export function enrollmentState(journal: Journal, node: NodeRecord): string {
  return journal.embedded ? shownState(node, journal.heartbeats.get(node.node) ?? null, journal.now()) : node.state;
}

export function summaryOf(journal: Journal, node: NodeRecord): NodeSummary {
  return {
    node_id: node.node,
    enrollment_state: enrollmentState(journal, node),
    vcluster_id: node.vcluster,
    last_seen: timeText(lastSeen(journal, node)),
    mac_address: node.hardware.mac,
    ...(journal.embedded ? { agent_endpoint: node.endpoint, overview: overviewOf(journal, node) } : {}),
  };
}
