// A node's state as its agent tells it (our extension), wire → domain.
import type { NodeState, StateParts } from "../api/index.ts";
import type { NodeState__Output } from "../contract/gen/pact/site/NodeState.ts";
import type { NodeStateRequest } from "../contract/gen/pact/site/NodeStateRequest.ts";
import { reportFromWire } from "./capability.ts";
import { deltaFromWire } from "./delta.ts";
import { fromUint64, nonsense, toUint64 } from "./range.ts";

export const stateRequest = (parts: StateParts): NodeStateRequest => ({
  drift: parts.drift ?? false,
  window: parts.window ?? false,
  capability: parts.capability ?? false,
  ...(parts.applied === undefined ? {} : { applied: toUint64(parts.applied, "the sequence to wait for") }),
});

const WINDOWS = ["idle", "open", "expired"] as const;

export function nodeState(wire: NodeState__Output): NodeState {
  const { drift, window, capability } = wire;
  if (drift !== null && !Number.isFinite(drift.magnitude)) throw nonsense("a drift magnitude is no number");
  return {
    nodeId: wire.node_id,
    vcluster: wire.vcluster_id === "" ? null : wire.vcluster_id,
    observeOnly: wire.observe_only,
    bare: wire.bare,
    drift: drift === null ? null
      : { count: drift.count, magnitude: drift.magnitude, items: drift.delta === null ? [] : deltaFromWire(drift.delta) },
    window: window === null ? null : { state: windowState(window.state), remainingS: window.remaining_seconds },
    capability: capability === null ? null : {
      cores: capability.cpu?.logical_cores ?? 0,
      memoryBytes: fromUint64(capability.memory?.total_bytes ?? "0", "the memory of a node"),
      gpus: capability.gpus.length,
      report: reportFromWire(capability),
    },
  };
}

function windowState(text: string): (typeof WINDOWS)[number] {
  const state = WINDOWS.find((known) => known === text);
  if (state === undefined) throw nonsense("a commit window is in no state that we know");
  return state;
}
