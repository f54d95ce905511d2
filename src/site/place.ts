// Where nodes live on this machine: a loopback address each, and a hardware address to be known by.
import { createHash } from "node:crypto";
import { networkInterfaces } from "node:os";
import type { SiteNodeConfig } from "./parts.ts";
import type { PortPlan } from "./ports.ts";

export const LOCALHOST = "127.0.0.1";

export interface PlacedNode extends SiteNodeConfig {
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
}

/** Loopback address of the nth virtual node, from 0: 127.77.a.b, first and last of each block left out. */
export function virtualAddress(n: number): string {
  return `127.77.${Math.floor(n / 254)}.${1 + (n % 254)}`;
}

/** The host on 127.0.0.1, virtual nodes on 127.77.a.b in the order of site.toml. */
export function placeNodes(nodes: readonly SiteNodeConfig[], plan: PortPlan): PlacedNode[] {
  let virtual = 0;
  return nodes.map((node) => ({
    ...node,
    address: node.kind === "host" ? LOCALHOST : virtualAddress(virtual++),
    port: plan.nodes.get(node.name) ?? plan.ports.agent,
  }));
}

/** The host's first real hardware address; for a virtual node one that is made from its name and stays. */
export function macAddressOf(node: SiteNodeConfig): string {
  if (node.kind === "host") {
    const macs = Object.values(networkInterfaces()).flatMap((all) => all ?? []).filter((one) => !one.internal).map((one) => one.mac);
    const real = macs.find((mac) => mac !== "00:00:00:00:00:00");
    if (real !== undefined) return real;
  }
  const hash = createHash("sha256").update(node.name).digest();
  // 02: locally administered, not a group address.
  return ["02", ...Array.from(hash.subarray(0, 5), (byte) => byte.toString(16).padStart(2, "0"))].join(":");
}
