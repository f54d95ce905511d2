// The agents of a site's nodes: one process serves them all, each on an address of its own.
import { realpathSync } from "node:fs";
import { dirname, isAbsolute } from "node:path";
import type { ConfigUpdate__Output } from "../../contract/gen/pact/stream/ConfigUpdate.ts";
import type { AuditRecord } from "../journal/audit.ts";
import type { Clock, SiteConfig, VerifyToken } from "../parts.ts";
import type { Profile } from "./access.ts";
import { openGate } from "./gate.ts";
import { openJournalLink, type JournalLink } from "./journal-link.ts";
import type { Action } from "./listener.ts";
import { namespacesMissing } from "./namespace.ts";
import { startNode, type RunningNode } from "./start-node.ts";
import { follow, type Subscription } from "./subscription.ts";

export interface AgentNodeOptions {
  readonly name: string;
  readonly vcluster: string;
  readonly kind: "host" | "virtual";
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
}

export interface AgentsOptions {
  /** Nodes live in DIR/nodes/NAME. */
  readonly dir: string;
  readonly nodes: readonly AgentNodeOptions[];
  readonly profile: Profile;
  /** No namespaces: exec as a plain child, no shell, no drift. */
  readonly bare: boolean;
  readonly clock: Clock;
  readonly config: SiteConfig;
  readonly verify: VerifyToken;
  readonly journal: { readonly grpc: string; readonly token: () => Promise<string> };
  readonly audit: (record: AuditRecord) => Promise<void>;
  /** Folders refused in arguments on the host. */
  readonly forbiddenPaths: readonly string[];
}

export interface AgentsHandle {
  /** Node → http URL. */
  readonly endpoints: ReadonlyMap<string, string>;
  /** Node → root folder; "/" for the host. */
  readonly roots: ReadonlyMap<string, string>;
  readonly namespaces: { readonly available: boolean; readonly reason: string | null };
  /** stop: refused, all ended; freeze: accepts, never answers; cut: connections destroyed and refused; resume: back on the same port. */
  control(node: string, action: Action): Promise<void>;
  close(): Promise<void>;
}

/** Starts every node; when one cannot start, none is left behind. */
export async function startAgents(options: AgentsOptions): Promise<AgentsHandle> {
  const wantsNamespaces = !options.bare && options.nodes.some(({ kind }) => kind === "virtual");
  const reason = options.bare ? "started without namespaces" : wantsNamespaces ? await namespacesMissing() : null;
  const link = openJournalLink(options.journal.grpc, options.journal.token);
  const gate = await openGate();
  const running: RunningNode[] = [];
  let subscription: Subscription | undefined;
  const shared = {
    options,
    link,
    gate,
    namespaces: reason === null,
    forbidden: options.forbiddenPaths.filter(isAbsolute).map(resolved),
    subscription: (): Subscription => {
      if (subscription === undefined) throw new Error("the site is still starting");
      return subscription;
    },
  };
  const close = async (): Promise<void> => {
    await subscription?.close();
    await Promise.all(running.map((node) => node.close()));
    await gate.close();
    link.close();
  };
  try {
    for (const node of options.nodes) running.push(await startNode(node, shared));
  } catch (error) {
    await close();
    throw error;
  }
  subscription = followJournal(link, running);
  return {
    endpoints: new Map(running.map(({ name, endpoint }) => [name, endpoint])),
    roots: new Map(running.map(({ name, root }) => [name, root])),
    namespaces: { available: reason === null, reason },
    async control(name, action) {
      const node = running.find((one) => one.name === name);
      if (node === undefined) throw new Error(`the site has no node "${name}"`);
      await node.control(action);
    },
    close,
  };
}

/** As far as it exists, without links. */
function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : `${resolved(parent) === "/" ? "" : resolved(parent)}/${path.slice(parent === "/" ? 1 : parent.length + 1)}`;
  }
}

/** One subscription for all nodes: the journal announces every scope anyway. */
function followJournal(link: JournalLink, running: readonly RunningNode[]): Subscription {
  const byName = new Map(running.map((node) => [node.name, node]));
  const observed = running.map(({ applied }) => applied).filter((sequence) => sequence !== undefined);
  const from = observed.reduce((least, sequence) => (sequence < least ? sequence : least), observed[0] ?? -1n) + 1n;
  const apply = async (update: ConfigUpdate__Output): Promise<void> => {
    const name = committedNode(update);
    const node = name === undefined ? undefined : byName.get(name);
    // The announcement leaves the observed side out; the entry itself has it.
    if (node !== undefined) await node.commit(await link.entry(update.sequence));
  };
  return follow(link, from, apply, () => running.forEach((node) => node.retry()));
}

/** The node whose declared state an announced entry changes. */
function committedNode(update: ConfigUpdate__Output): string | undefined {
  const bytes = update.vcluster_change ?? update.node_change;
  if (bytes == null) return undefined;
  try {
    const entry: unknown = JSON.parse(bytes.toString("utf8"));
    if (typeof entry !== "object" || entry === null || !("entry_type" in entry) || !("scope" in entry)) return undefined;
    if (entry.entry_type !== "Commit" && entry.entry_type !== "AutoConverge") return undefined;
    const { scope } = entry;
    if (typeof scope !== "object" || scope === null || !("Node" in scope)) return undefined;
    return typeof scope.Node === "string" ? scope.Node : undefined;
  } catch {
    return undefined;
  }
}
