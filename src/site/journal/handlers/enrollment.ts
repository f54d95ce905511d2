// EnrollmentService: which machines belong to the domain, and to which vCluster (E2, E8, E10).
import { status } from "@grpc/grpc-js";
import type { EnrollmentServiceHandlers } from "../../../contract/gen/pact/enrollment/EnrollmentService.ts";
import type { BatchRegisterNodesRequest__Output } from "../../../contract/gen/pact/enrollment/BatchRegisterNodesRequest.ts";
import type { BatchRegisterNodesResponse } from "../../../contract/gen/pact/enrollment/BatchRegisterNodesResponse.ts";
import type { InspectNodeResponse } from "../../../contract/gen/pact/enrollment/InspectNodeResponse.ts";
import type { ListNodesRequest__Output } from "../../../contract/gen/pact/enrollment/ListNodesRequest.ts";
import type { NodeSummary } from "../../../contract/gen/pact/enrollment/NodeSummary.ts";
import type { Caller } from "../../parts.ts";
import type { Calls, Rpc } from "../calls.ts";
import { assign, decommission, mayList, move, register, unassign } from "../enroll.ts";
import { timeText } from "../entry.ts";
import type { Journal } from "../journal.ts";
import type { NodeRecord } from "../nodes.ts";
import { enrollmentState, lastSeen, overviewOf, summaryOf } from "../overview.ts";
import { Refusal, exhausted, forbidden, notFound, quoted } from "../refusal.ts";

const MAX_BATCH = 10_000;
const DOMAIN = "default";

export function enrollmentHandlers(journal: Journal, calls: Calls): EnrollmentServiceHandlers {
  const rpc = <Req>(method: string, writes: boolean, target: (request: Req) => string): Rpc<Req> => ({
    name: `EnrollmentService/${method}`, guard: "token", writes, target,
  });
  return {
    // A machine that enrolls has no token yet.
    Enroll: calls.unary({ ...rpc("Enroll", false, () => ""), guard: "open" }, () => noCertificates()),
    RenewCert: calls.unary(rpc("RenewCert", false, ({ current_cert_serial }) => current_cert_serial), () => noCertificates()),
    RegisterNode: calls.unary(rpc("RegisterNode", true, ({ node_id }) => node_id), ({ node_id, hardware_identity }, { caller }) => {
      register(journal, caller, node_id, hardware_identity);
      return { node_id, enrollment_state: "Registered" };
    }),
    BatchRegisterNodes: calls.unary(rpc("BatchRegisterNodes", true, ({ nodes }) => `${nodes.length} nodes`), (request, { caller }) => batch(journal, request, caller)),
    DecommissionNode: calls.unary(rpc("DecommissionNode", true, ({ node_id }) => node_id), ({ node_id }, { caller }) => {
      decommission(journal, caller, node_id);
      return { node_id, enrollment_state: "Revoked", sessions_terminated: 0, cert_serial_revoked: "" };
    }),
    AssignNode: calls.unary(rpc("AssignNode", true, ({ node_id, vcluster_id }) => `${node_id} to ${vcluster_id}`), ({ node_id, vcluster_id }, { caller }) => {
      assign(journal, caller, node_id, vcluster_id);
      return { node_id, vcluster_id };
    }),
    UnassignNode: calls.unary(rpc("UnassignNode", true, ({ node_id }) => node_id), ({ node_id }, { caller }) => {
      unassign(journal, caller, node_id);
      return { node_id };
    }),
    MoveNode: calls.unary(rpc("MoveNode", true, ({ node_id, to_vcluster_id }) => `${node_id} to ${to_vcluster_id}`), ({ node_id, to_vcluster_id }, { caller }) => {
      const from_vcluster_id = move(journal, caller, node_id, to_vcluster_id);
      return { node_id, from_vcluster_id, to_vcluster_id };
    }),
    ListNodes: calls.unary(rpc("ListNodes", false, ({ vcluster_filter }) => vcluster_filter), (request, { caller }) => ({ nodes: list(journal, request, caller) })),
    InspectNode: calls.unary(rpc("InspectNode", false, ({ node_id }) => node_id), ({ node_id }, { caller }) => inspect(journal, caller, node_id)),
  };
}

function noCertificates(): never {
  throw new Refusal(status.UNIMPLEMENTED, "unsupported", "this journal has no certificate authority, so it signs no certificates");
}

/** Each node on its own: one that is refused does not stop the others. */
function batch(journal: Journal, { nodes }: BatchRegisterNodesRequest__Output, caller: Caller): BatchRegisterNodesResponse {
  if (nodes.length > MAX_BATCH) throw exhausted(`${nodes.length} nodes in one call, at most ${MAX_BATCH}`, "send them in parts");
  const results = nodes.map(({ node_id, hardware_identity }) => {
    try {
      register(journal, caller, node_id, hardware_identity);
      return { node_id, success: true, enrollment_state: "Registered", error: "" };
    } catch (error) {
      // Whoever may not register one may register none.
      if (!(error instanceof Refusal) || error.denied) throw error;
      return { node_id, success: false, enrollment_state: "", error: error.message };
    }
  });
  const succeeded = results.filter(({ success }) => success).length;
  return { results, succeeded, failed: results.length - succeeded };
}

function list(journal: Journal, filter: ListNodesRequest__Output, caller: Caller): NodeSummary[] {
  const state = filter.state_filter.toLowerCase();
  return [...journal.state.nodes.values()]
    .filter((node) => mayList(journal, caller, node))
    .filter((node) => filter.vcluster_filter === "" || node.vcluster === filter.vcluster_filter)
    .filter((node) => !filter.unassigned_only || node.vcluster === "")
    .filter((node) => state === "" || enrollmentState(journal, node).toLowerCase() === state)
    .sort((a, b) => (a.node < b.node ? -1 : 1))
    .map((node) => summaryOf(journal, node));
}

function inspect(journal: Journal, caller: Caller, id: string): InspectNodeResponse {
  const node = journal.state.nodes.get(id);
  if (node === undefined) throw notFound(`NODE_NOT_ENROLLED: no node called ${quoted(id)}`, "see: pact status");
  if (!mayList(journal, caller, node)) throw forbidden("node not in your vCluster");
  return describe(journal, node);
}

function describe(journal: Journal, node: NodeRecord): InspectNodeResponse {
  return {
    node_id: node.node,
    domain_id: DOMAIN,
    enrollment_state: enrollmentState(journal, node),
    hardware_identity: { mac_address: node.hardware.mac, bmc_serial: node.hardware.bmc, extra: { ...node.hardware.extra } },
    vcluster_id: node.vcluster,
    cert_serial: "",
    cert_expires_at: "",
    last_seen: timeText(lastSeen(journal, node)),
    enrolled_at: timeText(node.enrolledAt),
    enrolled_by: node.enrolledBy,
    active_sessions: 0,
    ...(journal.embedded ? { agent_endpoint: node.endpoint, overview: overviewOf(journal, node) } : {}),
  };
}

