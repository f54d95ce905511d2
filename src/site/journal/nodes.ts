// Enrollment: the facts about nodes in the log, their fold, and the state machine's refusals (E2, E8).
import type { Link } from "./chain.ts";

/** Seconds without a heartbeat after which an active node counts as inactive. */
const HEARTBEAT_S = 300;

export interface Hardware {
  readonly mac: string;
  readonly bmc: string;
  readonly extra: Readonly<Record<string, string>>;
}

/** The body of a record of kind "node". */
export type NodeFact =
  | { readonly op: "register"; readonly node: string; readonly hardware: Hardware; readonly by: string }
  | {
      /** The site's own node, as its configuration has it. */
      readonly op: "ensure";
      readonly node: string;
      readonly hardware: Hardware;
      readonly vcluster: string;
      readonly endpoint: string;
      readonly observeOnly: boolean;
    }
  | { readonly op: "assign"; readonly node: string; readonly vcluster: string; readonly by: string }
  | { readonly op: "unassign" | "decommission"; readonly node: string; readonly by: string };

export interface NodeRecord {
  readonly node: string;
  readonly hardware: Hardware;
  readonly state: "Registered" | "Active" | "Revoked";
  /** Empty: unassigned. */
  readonly vcluster: string;
  /** The vCluster the site's configuration named last; empty for nodes that are not the site's own. */
  readonly configured: string;
  readonly endpoint: string;
  readonly observeOnly: boolean;
  /** When it became active, in ms; null before. */
  readonly activeSince: number | null;
  readonly enrolledAt: number;
  readonly enrolledBy: string;
}

/** The name under which the site enrolls its own nodes. */
const SITE_PRINCIPAL = "pact-site";

/** Folds one fact into the nodes. Facts about unknown nodes change nothing. */
export function foldNode(nodes: Map<string, NodeRecord>, link: Link, fact: NodeFact): void {
  const old = nodes.get(fact.node);
  const { time } = link;
  switch (fact.op) {
    case "register":
      nodes.set(fact.node, {
        node: fact.node, hardware: fact.hardware, state: "Registered", vcluster: "", configured: "", endpoint: "",
        observeOnly: false, activeSince: null, enrolledAt: time, enrolledBy: fact.by,
      });
      return;
    case "ensure":
      nodes.set(fact.node, {
        node: fact.node,
        hardware: fact.hardware,
        state: "Active",
        // What an operator assigned since stays, unless the configuration itself has changed.
        vcluster: old === undefined || old.configured !== fact.vcluster ? fact.vcluster : old.vcluster,
        configured: fact.vcluster,
        endpoint: fact.endpoint,
        observeOnly: fact.observeOnly,
        activeSince: time,
        enrolledAt: old?.enrolledAt ?? time,
        enrolledBy: old?.enrolledBy ?? SITE_PRINCIPAL,
      });
      return;
    case "assign":
      if (old !== undefined) nodes.set(fact.node, { ...old, vcluster: fact.vcluster });
      return;
    case "unassign":
      if (old !== undefined) nodes.set(fact.node, { ...old, vcluster: "" });
      return;
    case "decommission":
      if (old !== undefined) nodes.set(fact.node, { ...old, state: "Revoked" });
  }
}

/** Whether the site's configuration says nothing new about a node. */
export function isEnsured(old: NodeRecord, fact: Extract<NodeFact, { op: "ensure" }>): boolean {
  return (
    old.state === "Active" &&
    old.configured === fact.vcluster &&
    old.endpoint === fact.endpoint &&
    old.observeOnly === fact.observeOnly &&
    old.hardware.mac === fact.hardware.mac
  );
}

const MAC = /^[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}$/i;

/** A MAC address in lower case with colons; undefined when it is none. */
export function macOf(text: string): string | undefined {
  return MAC.test(text) ? text.toLowerCase().replaceAll("-", ":") : undefined;
}

/** What a stock journal tells machines apart by: with and without a serial are different keys. */
export function hardwareKey(hardware: Hardware): string {
  const mac = `mac:${hardware.mac.toLowerCase()}`;
  return hardware.bmc === "" ? mac : `${mac}:bmc:${hardware.bmc.toLowerCase()}`;
}

/** State as clients see it. `heartbeat` is when the node was last heard of, in ms. */
export function shownState(node: NodeRecord, heartbeat: number | null, now: number): "Registered" | "Active" | "Inactive" | "Revoked" {
  if (node.state !== "Active") return node.state;
  const heard = Math.max(heartbeat ?? 0, node.activeSince ?? 0);
  return now - heard > HEARTBEAT_S * 1000 ? "Inactive" : "Active";
}
