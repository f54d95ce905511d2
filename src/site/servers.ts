// Starts the journal with the identity provider on its HTTP port, then the agents, and makes
// each node known. What was opened is handed to the closers at once.
import { status } from "@grpc/grpc-js";
import { startAgents } from "./agent/server.ts";
import type { Closers } from "./closers.ts";
import { openIdentity, type SiteIdentity } from "./identity.ts";
import { Refusal } from "./journal/refusal.ts";
import { startJournal } from "./journal/server.ts";
import type { Clock, SiteConfig } from "./parts.ts";
import { pactFolders, type SitePaths } from "./paths.ts";
import { LOCALHOST, macAddressOf, type PlacedNode } from "./place.ts";
import type { Ports } from "./ports.ts";
import type { SiteOptions } from "./site.ts";

export interface Start {
  readonly options: SiteOptions;
  readonly paths: SitePaths;
  readonly config: SiteConfig;
  readonly clock: Clock;
  readonly closers: Closers;
  readonly profile: "embedded" | "real";
  readonly ports: Ports;
  readonly nodes: readonly PlacedNode[];
}

type Journal = Awaited<ReturnType<typeof startJournal>>;

/** The provider's address holds the HTTP port, which is known once the journal listens: it comes second. */
export async function startServers(start: Start): Promise<{ readonly journal: Journal; readonly identity: SiteIdentity }> {
  const { paths, clock, config, profile, closers, ports } = start;
  let identity: SiteIdentity | undefined;
  const ready = (): SiteIdentity => {
    if (identity === undefined) throw new Refusal(status.UNAVAILABLE, "unreachable", "the site is still starting");
    return identity;
  };
  const journal = await startJournal({
    dir: paths.journal,
    host: LOCALHOST,
    ports: { grpc: ports.grpc, http: ports.http },
    profile,
    clock,
    config,
    verify: async (token) => ready().verify(token),
    discovery: () => ready().discovery,
    mount: (request, response) => {
      const handle = identity?.logins?.handle;
      if (handle === undefined || !/^\/oidc(?:[/?]|$)/.test(request.url ?? "")) return false;
      handle(request, response);
      return true;
    },
  });
  closers.add("journal", () => journal.close());
  identity = await openIdentity(profile, { paths, http: journal.http, clock, config });
  const opened = identity;
  closers.add("identity provider", () => opened.close());
  return { journal, identity };
}

/** A supplier of the agents' own token; a new one when half of its life is over. */
function agentToken(identity: SiteIdentity, clock: Clock): () => Promise<string> {
  const lifeS = 600;
  let token: Promise<string> | undefined;
  let renewAt = 0;
  return () => {
    if (token === undefined || clock.now() >= renewAt) {
      renewAt = clock.now() + (lifeS / 2) * 1000;
      token = identity.mint({ sub: "pact-agent", role: "pact-service-agent", principalType: "agent" }, lifeS);
      token.catch(() => (token = undefined));
    }
    return token;
  };
}

/** Calls back every minute of the site's time; the answer stops it. A node counts as gone after five. */
function beat(clock: Clock, run: () => void): () => void {
  let cancel: () => void;
  const next = (): void => {
    cancel = clock.at(clock.now() + 60_000, () => {
      run();
      next();
    });
  };
  next();
  return () => cancel();
}

export interface Nodes {
  /** URL of a node's agent. */
  endpoint(name: string): string;
  /** Its root folder; "/" for the host. */
  root(name: string): string;
  control(name: string, action: "stop" | "freeze" | "cut" | "resume"): Promise<void>;
  /** How many serve now. */
  up(): number;
  readonly notes: readonly string[];
}

export async function startNodes(start: Start, journal: Journal, identity: SiteIdentity): Promise<Nodes> {
  const { options, paths, config, clock, profile, closers, nodes } = start;
  const agents = await startAgents({
    dir: paths.dir,
    nodes: nodes.map(({ name, vcluster, kind, address, port }) => ({ name, vcluster, kind, address, port })),
    profile,
    bare: options.bare ?? false,
    clock,
    config,
    verify: identity.verify,
    journal: { grpc: journal.grpc, token: agentToken(identity, clock) },
    audit: journal.audit,
    forbiddenPaths: [paths.dir, ...pactFolders(process.env)],
  });
  closers.add("agents", () => agents.close());
  const endpoint = (name: string): string => agents.endpoints.get(name) ?? "";
  for (const node of nodes) {
    await journal.ensureNode({
      nodeId: node.name,
      vcluster: node.vcluster,
      macAddress: macAddressOf(node),
      endpoint: endpoint(node.name),
      observeOnly: node.kind === "host" && options.enforceHost !== true,
    });
  }
  const off = new Set<string>();
  closers.add("heartbeats", beat(clock, () => nodes.filter((node) => !off.has(node.name)).forEach((node) => journal.heartbeat(node.name))));
  const notes = agents.namespaces.available || options.bare === true ? [] : [
    `no namespaces here (${agents.namespaces.reason}): virtual nodes refuse shell and arguments with a /`,
  ];
  return {
    endpoint,
    root: (name) => (nodes.some((node) => node.name === name && node.kind === "host") ? "/" : agents.roots.get(name) ?? ""),
    async control(name, action) {
      if (!nodes.some((node) => node.name === name)) throw new Error(`the site has no node "${name}"`);
      await agents.control(name, action);
      if (action === "resume") off.delete(name);
      else off.add(name);
    },
    up: () => nodes.length - off.size,
    notes,
  };
}
