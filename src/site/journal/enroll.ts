// Changes of enrollment and assignment: who may make them, and what the state machine refuses.
// The tokens in the messages (NODE_ALREADY_ENROLLED …) are what clients of either kind look for.
import { status } from "@grpc/grpc-js";
import type { HardwareIdentity__Output } from "../../contract/gen/pact/enrollment/HardwareIdentity.ts";
import type { Caller } from "../parts.ts";
import type { Journal } from "./journal.ts";
import { hardwareKey, isEnsured, macOf } from "./nodes.ts";
import type { Hardware, NodeFact, NodeRecord } from "./nodes.ts";
import { conflict, forbidden, invalid, notFound, precondition, quoted } from "./refusal.ts";
import { parseRole } from "./roles.ts";
import { checkId } from "./validate.ts";

const MAX_TEXT = 256;
const MAX_EXTRA = 64;

/** Whether someone acts for a vCluster: its ops or regulated role, or platform admin. */
function actsFor(caller: Caller, vcluster: string): boolean {
  const role = parseRole(caller.role);
  return role.kind === "admin" || ((role.kind === "ops" || role.kind === "regulated") && role.vcluster === vcluster);
}

/** A stock journal lets only platform admin enroll (E10); the embedded site also operators, in their vCluster and unassigned nodes. */
function mayEnroll(journal: Journal, caller: Caller, node: NodeRecord | undefined): void {
  const role = parseRole(caller.role);
  if (role.kind === "admin") return;
  if (!journal.embedded) throw forbidden("platform admin needed");
  const operator = role.kind === "ops" || role.kind === "regulated";
  const theirs = node === undefined || node.vcluster === "" || ("vcluster" in role && role.vcluster === node.vcluster);
  if (operator && theirs) return;
  throw forbidden(operator ? `node ${node?.node ?? ""} is in another vCluster` : `${quoted(caller.role)} cannot enroll nodes`, "needs an ops role or platform admin");
}

export function mayList(journal: Journal, caller: Caller, node: NodeRecord): boolean {
  if (journal.embedded) return journal.sees(journal.sight(caller), `node:${node.node}`);
  const role = parseRole(caller.role);
  return !(role.kind === "ops" || role.kind === "viewer") || role.vcluster === node.vcluster;
}

export function enrolled(journal: Journal, id: string): NodeRecord {
  const node = journal.state.nodes.get(id);
  if (node !== undefined) return node;
  const message = `NODE_NOT_ENROLLED: no node called ${quoted(id)}`;
  throw journal.embedded ? precondition(message, "notFound", "see: pact status") : precondition(message);
}

function checkVcluster(journal: Journal, name: string): void {
  if (!journal.embedded) return;
  checkId("vCluster", name);
  if (!journal.knowsVcluster(name)) throw notFound(`no vCluster called ${name}`, "see: pact group list");
}

/** The hardware a request names; the embedded site wants a MAC address and writes it in lower case. */
function hardwareOf(journal: Journal, given: HardwareIdentity__Output | null): Hardware {
  if (given === null) throw invalid("there is no hardware_identity");
  const extra = given.extra ?? {};
  const texts = [given.mac_address, given.bmc_serial, ...Object.entries(extra).flat()];
  if (texts.some((text) => text.length > MAX_TEXT) || Object.keys(extra).length > MAX_EXTRA) throw invalid("the hardware identity is too large");
  const mac = journal.embedded ? macOf(given.mac_address) : given.mac_address;
  if (mac === undefined) throw invalid(`${quoted(given.mac_address)} is not a MAC address`, "write it as aa:bb:cc:dd:ee:ff");
  return { mac, bmc: given.bmc_serial, extra: { ...extra } };
}

export function register(journal: Journal, caller: Caller, id: string, given: HardwareIdentity__Output | null): void {
  mayEnroll(journal, caller, undefined);
  const hardware = hardwareOf(journal, given);
  if (journal.embedded) checkId("node", id);
  // Stock servers say FAILED_PRECONDITION.
  const code = journal.embedded ? status.ALREADY_EXISTS : status.FAILED_PRECONDITION;
  if (journal.state.nodes.has(id)) throw conflict(code, `NODE_ALREADY_ENROLLED: ${quoted(id)}`);
  // E2. With and without a serial count as two machines on a stock journal; here a MAC address belongs to one.
  const key = (of: Hardware): string => (journal.embedded ? of.mac : hardwareKey(of));
  for (const other of journal.state.nodes.values()) {
    if (key(other.hardware) === key(hardware)) throw conflict(code, `HARDWARE_IDENTITY_CONFLICT: ${quoted(other.node)} has that hardware`);
  }
  journal.appendNode({ op: "register", node: id, hardware, by: caller.principal });
}

export function decommission(journal: Journal, caller: Caller, id: string): void {
  if (!journal.embedded) mayEnroll(journal, caller, undefined);
  const node = enrolled(journal, id);
  mayEnroll(journal, caller, node);
  if (node.state !== "Revoked") journal.appendNode({ op: "decommission", node: id, by: caller.principal });
}

export function assign(journal: Journal, caller: Caller, id: string, vcluster: string): void {
  const role = parseRole(caller.role);
  // A stock journal asks about the target only, and knows no regulated role here.
  const target = journal.embedded ? actsFor(caller, vcluster) : role.kind === "admin" || (role.kind === "ops" && role.vcluster === vcluster);
  if (!target) throw forbidden(`${quoted(caller.role)} cannot assign nodes to ${quoted(vcluster)}`);
  checkVcluster(journal, vcluster);
  const node = enrolled(journal, id);
  if (journal.embedded) mayTake(caller, node);
  journal.appendNode({ op: "assign", node: id, vcluster, by: caller.principal });
}

export function unassign(journal: Journal, caller: Caller, id: string): void {
  const node = enrolled(journal, id);
  if (journal.embedded) mayTake(caller, node);
  journal.appendNode({ op: "unassign", node: id, by: caller.principal });
}

/** Answers the vCluster the node was in. */
export function move(journal: Journal, caller: Caller, id: string, to: string): string {
  if (journal.embedded && !actsFor(caller, to)) throw forbidden(`${quoted(caller.role)} cannot move nodes to ${quoted(to)}`);
  checkVcluster(journal, to);
  const node = enrolled(journal, id);
  if (journal.embedded) mayTake(caller, node);
  journal.appendNode({ op: "assign", node: id, vcluster: to, by: caller.principal });
  return node.vcluster;
}

/** Whether a node may be taken from where it is: unassigned, or in a vCluster of the caller. */
function mayTake(caller: Caller, node: NodeRecord): void {
  const unassigned = node.vcluster === "";
  const role = parseRole(caller.role);
  if (unassigned ? role.kind === "admin" || role.kind === "ops" || role.kind === "regulated" : actsFor(caller, node.vcluster)) {
    if (node.state === "Revoked") throw precondition(`node ${node.node} was decommissioned`);
    return;
  }
  throw forbidden(`node ${node.node} is in ${unassigned ? "no vCluster" : "another vCluster"}`);
}

export interface SiteNodeFacts {
  readonly nodeId: string;
  readonly vcluster: string;
  readonly macAddress: string;
  readonly endpoint: string;
  readonly observeOnly: boolean;
}

/** Enrolls one of the site's own nodes, or notes what is new about it. A decommissioned one stays so. */
export function ensure(journal: Journal, { nodeId, vcluster, macAddress, endpoint, observeOnly }: SiteNodeFacts): void {
  const hardware: Hardware = { mac: macOf(macAddress) ?? macAddress, bmc: "", extra: {} };
  const fact: Extract<NodeFact, { op: "ensure" }> = { op: "ensure", node: nodeId, hardware, vcluster, endpoint, observeOnly };
  const old = journal.state.nodes.get(nodeId);
  if (old?.state === "Revoked") return;
  journal.heartbeats.set(nodeId, journal.now());
  if (old === undefined || !isEnsured(old, fact)) journal.appendNode(fact);
}
