// Which ports a site listens on: asked for, those of its last run, or the documented ones.
import { createServer } from "node:net";
import type { SiteFile } from "../contract/control.ts";
import { LOCALHOST, type PlacedNode } from "./place.ts";
import { codeOf, messageOf, SiteProblem } from "./problem.ts";

/** 0 means: any free one. */
export interface Ports {
  readonly grpc: number;
  readonly http: number;
  /** The same for every node; nodes differ in their address. */
  readonly agent: number;
}

export const DEFAULT_PORTS: Ports = { grpc: 9443, http: 9091, agent: 9445 };
const FREE: Ports = { grpc: 0, http: 0, agent: 0 };

const portOf = (url: string | undefined): number => {
  try {
    return url === undefined ? 0 : Number(new URL(url).port);
  } catch {
    return 0;
  }
};

/** Ports of the last run, and each node's own; nodes that are new get 0. */
export interface LastPorts {
  readonly ports: Ports;
  readonly nodes: ReadonlyMap<string, number>;
}

function portsOf(last: SiteFile): LastPorts {
  const nodes = new Map(last.nodes.map((node) => [node.node_id, portOf(node.endpoint)]));
  return { ports: { grpc: portOf(last.journal.grpc), http: portOf(last.journal.http), agent: 0 }, nodes };
}

export interface PortPlan {
  readonly ports: Ports;
  /** Where it differs from `ports.agent`. */
  readonly nodes: ReadonlyMap<string, number>;
  /** Kept from the last run: may give way to free ones when taken. */
  readonly kept: boolean;
}

/** `asked`: undefined for the last run's or the documented ports, 0 for free ones, else the first of three. */
export function planPorts(asked: number | undefined, last: SiteFile | undefined): PortPlan {
  if (asked === undefined && last !== undefined) return { ...portsOf(last), kept: true };
  const ports = asked === undefined ? DEFAULT_PORTS : asked === 0 ? FREE : { grpc: asked, http: asked + 1, agent: asked + 2 };
  return { ports, nodes: new Map(), kept: false };
}

/** The system's code when nothing can listen there now. */
export function whyNotFree(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", (error) => resolve(codeOf(error) ?? messageOf(error)));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(undefined)));
  });
}

function taken(host: string, port: number | string, how: string): SiteProblem {
  return new SiteProblem("precondition", `port ${port} on ${host} ${how}`, "pact site up --port 0   (free ports)");
}

/** Throws SiteProblem unless a port is 0 or free. */
export async function needFree(host: string, port: number, what: string): Promise<void> {
  if (port === 0) return;
  const why = await whyNotFree(host, port);
  if (why === undefined) return;
  const how = why === "EADDRINUSE" ? "is taken by another program" : why === "EACCES" ? "needs more rights" : `cannot be used (${why})`;
  throw taken(host, port, `${how}; the site's ${what} wants it`);
}

/** A start that failed because somebody took a port after it was seen to be free; undefined for other failures. */
export function takenMeanwhile(error: unknown): SiteProblem | undefined {
  const parts = /EADDRINUSE\b.*?([\d.]+):(\d+)/.exec(messageOf(error));
  return parts?.[1] === undefined || parts[2] === undefined ? undefined : taken(parts[1], parts[2], "is taken by another program");
}

export interface SettledPorts {
  readonly ports: Ports;
  readonly nodes: readonly PlacedNode[];
  readonly notes: readonly string[];
}

/**
 * Ports that can be listened on now. One kept from the last run gives way to a free one when it
 * is taken; one that was asked for, or is the documented one, is a SiteProblem then.
 */
export async function settlePorts(nodes: readonly PlacedNode[], plan: PortPlan): Promise<SettledPorts> {
  const notes: string[] = [];
  const settle = async (host: string, port: number, what: string): Promise<number> => {
    if (!plan.kept) await needFree(host, port, what);
    else if (port !== 0 && (await whyNotFree(host, port)) !== undefined) {
      notes.push(`port ${port} of the last run is taken now; the ${what} has another`);
      return 0;
    }
    return port;
  };
  const grpc = await settle(LOCALHOST, plan.ports.grpc, "journal");
  const http = await settle(LOCALHOST, plan.ports.http, "identity provider");
  const placed: PlacedNode[] = [];
  for (const node of nodes) placed.push({ ...node, port: await settle(node.address, node.port, `agent of ${node.name}`) });
  return { ports: { ...plan.ports, grpc, http }, nodes: placed, notes };
}
