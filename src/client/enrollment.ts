// The journal's records of nodes. Stock journals offer them only with a CA configured.
import { PactError, type Enrollment, type NodeFilter, type NodeOverview, type NodeRecord } from "../api/index.ts";
import type { InspectNodeResponse__Output } from "../contract/gen/pact/enrollment/InspectNodeResponse.ts";
import type { NodeOverview__Output } from "../contract/gen/pact/enrollment/NodeOverview.ts";
import type { NodeSummary__Output } from "../contract/gen/pact/enrollment/NodeSummary.ts";
import { serviceDefinition } from "../contract/load.ts";
import { unary } from "./call.ts";
import type { Link } from "./channel.ts";
import { fromTimestamp, fromTimeText } from "./convert.ts";
import { fromUint64, nonsense } from "./range.ts";

export function createEnrollment(options: { readonly link: Link; readonly timeoutMs: number }): Enrollment {
  const { link, timeoutMs } = options;
  return {
    async list(filter: NodeFilter, signal: AbortSignal): Promise<readonly NodeRecord[]> {
      const { ListNodes } = serviceDefinition("pact.enrollment.EnrollmentService");
      const request = {
        state_filter: filter.state ?? "",
        vcluster_filter: filter.vcluster ?? "",
        unassigned_only: filter.unassigned ?? false,
      };
      const answer = await unary(link, ListNodes, request, { doing: "list nodes", signal, limitMs: timeoutMs }).catch(explain(link));
      // Servers give them in any order.
      return answer.nodes.map((node) => nodeRecord(node, node.mac_address)).sort((a, b) => (a.nodeId < b.nodeId ? -1 : a.nodeId > b.nodeId ? 1 : 0));
    },

    async inspect(nodeId: string, signal: AbortSignal): Promise<NodeRecord> {
      const { InspectNode } = serviceDefinition("pact.enrollment.EnrollmentService");
      const node = await unary(link, InspectNode, { node_id: nodeId }, { doing: `inspect ${nodeId}`, signal, limitMs: timeoutMs })
        .catch(explain(link, nodeId));
      if (node.node_id !== nodeId) throw nonsense(`asked for ${nodeId}, got another node`);
      return nodeRecord(node, node.hardware_identity?.mac_address ?? "");
    },
  };
}

/** `ObserveOnly` on the wire, `observe_only` to operators. */
const stateName = (wire: string): string => wire.replace(/(?<=.)[A-Z]/g, (letter) => `_${letter}`).toLowerCase();

/** Says in the operator's terms what a missing node or a missing service means. */
function explain(link: Link, nodeId?: string): (thrown: unknown) => never {
  return (thrown) => {
    if (!(thrown instanceof PactError)) throw thrown;
    if (thrown.failure === "notFound" && nodeId !== undefined) {
      throw new PactError("notFound", `no node called ${nodeId}`, { ...thrown.about, reason: `the journal at ${link.endpoint.url} has no record of it`, hint: "pact status", unknownNode: nodeId, cause: thrown });
    }
    if (thrown.failure === "unsupported") {
      throw new PactError("unsupported", `the journal at ${link.endpoint.url} keeps no records of nodes`, {
        ...thrown.about,
        reason: "its enrollment service is off (a journal without a CA has none)",
        cause: thrown,
      });
    }
    throw thrown;
  };
}

const orNull = (text: string): string | null => (text === "" ? null : text);

function nodeRecord(node: NodeSummary__Output | InspectNodeResponse__Output, mac: string): NodeRecord {
  return {
    nodeId: node.node_id,
    vcluster: orNull(node.vcluster_id),
    enrollmentState: stateName(node.enrollment_state),
    lastSeen: fromTimeText(node.last_seen, `the time ${node.node_id} was last seen`),
    macAddress: orNull(mac),
    agentEndpoint: orNull(node.agent_endpoint),
    overview: node.overview === null ? null : overview(node.overview),
  };
}

function overview(wire: NodeOverview__Output): NodeOverview {
  if (!Number.isFinite(wire.drift_magnitude)) throw nonsense("a drift magnitude is no number");
  const { emergency } = wire;
  return {
    configState: stateName(wire.config_state),
    drift: { count: wire.drift_count, magnitude: wire.drift_magnitude },
    emergency: emergency === null || emergency === undefined ? null
      : { by: emergency.by, reason: emergency.reason, startedAt: fromTimestamp(emergency.started_at, "the start of an emergency") },
    localDeltas: wire.local_deltas,
    expiredDeltas: wire.expired_deltas,
    head: wire.head === undefined ? null : fromUint64(wire.head, "the head of a node"),
    observeOnly: wire.observe_only,
  };
}
