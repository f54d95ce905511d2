// pact.site.NodeStateService: the node's state as it is now, never from a cache.
import type { Drift as DriftMessage } from "../../contract/gen/pact/site/Drift.ts";
import type { NodeState } from "../../contract/gen/pact/site/NodeState.ts";
import type { NodeStateRequest__Output } from "../../contract/gen/pact/site/NodeStateRequest.ts";
import type { NodeStateServiceHandlers } from "../../contract/gen/pact/site/NodeStateService.ts";
import { reading, type Visit } from "./call.ts";
import { capabilityOf, serviceMessages } from "./capability.ts";
import { NO_DRIFT, stateDelta } from "./delta.ts";
import type { Drift } from "./drift.ts";
import type { AgentNode } from "./node.ts";
import { Refusal } from "./refusal.ts";
import type { Subscription } from "./subscription.ts";

/** Longest wait for an entry to be applied when the caller set no deadline, ms. */
const LONGEST_MS = 30_000;

export function stateService(node: AgentNode, subscription: () => Subscription): NodeStateServiceHandlers {
  return {
    GetNodeState: reading(node.desk, "pact.site.NodeStateService/GetNodeState", async (visit, request: NodeStateRequest__Output): Promise<NodeState> => {
      await visit.authenticate();
      visit.require("read");
      if (request.applied !== undefined) await applied(subscription(), BigInt(request.applied), visit);
      const drift = request.drift || request.capability ? await node.drift?.fresh() : undefined;
      const { state, remainingS } = node.window.now();
      const now = node.desk.clock.now();
      const services = request.services || request.capability ? await node.supervisor?.statuses() : undefined;
      return {
        node_id: node.name,
        vcluster_id: node.vcluster,
        observe_only: node.kind === "host",
        bare: node.bare,
        drift: request.drift ? driftMessage(drift) : null,
        window: request.window ? { state, remaining_seconds: remainingS } : null,
        capability: request.capability ? await capabilityOf({ node: node.name, now, drifted: (drift?.count ?? 0) > 0, observeOnly: node.kind === "host", services }) : null,
        services: request.services ? serviceMessages(services ?? [], now) : [],
      };
    }),
  };
}

/** Bare nodes are not observed: nothing there ever drifts. */
function driftMessage(drift: Drift | undefined): DriftMessage {
  const { delta, count, magnitude } = drift ?? { delta: NO_DRIFT, count: 0, magnitude: 0 };
  return { delta: stateDelta(delta), count, magnitude };
}

async function applied(subscription: Subscription, sequence: bigint, visit: Visit): Promise<void> {
  // A timer of our own: AbortSignal.any() does not keep AbortSignal.timeout() alive, and the limit could be collected as garbage.
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), LONGEST_MS);
  try {
    await subscription.reached(sequence, AbortSignal.any([visit.signal, late.signal]));
  } catch (error) {
    throw new Refusal("agentTimeout", error instanceof Error ? error.message : String(error));
  } finally {
    clearTimeout(timer);
  }
}
