// Puts one node together: its folder, its namespace, its drift watch, its services, its socket.
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { ConfigEntry__Output } from "../../contract/gen/pact/config/ConfigEntry.ts";
import { serviceDefinition } from "../../contract/load.ts";
import type { Caller } from "../parts.ts";
import type { Desk } from "./call.ts";
import { stateDelta } from "./delta.ts";
import { watchDrift, type Drift, type DriftWatch } from "./drift.ts";
import { NOT_KNOWN } from "./found.ts";
import type { Gate } from "./gate.ts";
import type { JournalLink } from "./journal-link.ts";
import { listen, newServer, type Action, type Listener } from "./listener.ts";
import { entryOf, type AgentNode } from "./node.ts";
import { shellDefinition } from "./output-message.ts";
import { openObserver, type ServicesLook } from "./observe.ts";
import { barePlace, hostPlace, namespacePlace, type Place } from "./place.ts";
import { makeRoot, makeShellFolder, NODE_SHELL, NODE_SYSCTL } from "./root.ts";
import type { AgentNodeOptions, AgentsOptions } from "./server.ts";
import { openSessions, type Sessions } from "./shell.ts";
import { shellService } from "./shell-service.ts";
import { openSpool } from "./spool.ts";
import { stateService } from "./state-service.ts";
import type { Subscription } from "./subscription.ts";
import { openSupervisor, type Supervisor } from "./supervisor.ts";
import { openCommitWindow } from "./window.ts";

export interface Shared {
  readonly options: AgentsOptions;
  readonly link: JournalLink;
  readonly gate: Gate;
  readonly namespaces: boolean;
  readonly forbidden: readonly string[];
  readonly subscription: () => Subscription;
}

export interface RunningNode {
  readonly name: string;
  readonly endpoint: string;
  readonly root: string;
  /** Highest sequence contained in its baseline; undefined when it is not observed. */
  readonly applied: bigint | undefined;
  commit(entry: ConfigEntry__Output): Promise<void>;
  /** The journal is back: what waits for it may go. */
  retry(): void;
  control(action: Action): Promise<void>;
  close(): Promise<void>;
}

/** Kernel settings of the machine that are read without a right of any kind. */
const HOST_SYSCTL: readonly string[] = NODE_SYSCTL.filter((key) => key !== "kernel.cap_last_cap");
const AGENT: Caller = { principal: "pact-agent", principalType: "Agent", role: "pact-service-agent" };

export async function startNode(wanted: AgentNodeOptions, shared: Shared): Promise<RunningNode> {
  const { options, link } = shared;
  const folder = join(options.dir, "nodes", wanted.name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const undo: (() => Promise<void>)[] = [];
  try {
    const place = await openPlace(wanted, folder, shared);
    undo.push(() => place.close());
    const spool = openSpool(folder, link);
    undo.push(() => spool.close());
    const window = openCommitWindow(options.clock);
    const described = { ...describe(wanted, shared, place), spool, window };
    const noticed = { changed: (): void => {} };
    const supervisor = superviseOn(described, noticed);
    if (supervisor !== undefined) undo.push(() => supervisor.close());
    const node = { ...described, supervisor };
    const drift = options.bare ? undefined : await openDrift(node, folder, shared);
    if (drift !== undefined) {
      undo.push(() => drift.close());
      noticed.changed = () => drift.changed();
    }
    return await serve({ ...node, drift }, wanted, folder, shared, undo);
  } catch (error) {
    for (const one of undo.reverse()) await one().catch(() => {});
    throw error;
  }
}

async function openPlace({ kind, name }: AgentNodeOptions, folder: string, { options, namespaces }: Shared): Promise<Place> {
  if (kind === "host" && !options.bare) {
    makeShellFolder(join(folder, "shell"), join(folder, "shell"));
    return hostPlace();
  }
  const root = join(folder, "root");
  if (options.bare) {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    return barePlace(root);
  }
  makeRoot(root, name, options.config.agent.watchSysctl);
  return namespaces ? namespacePlace(root, name) : barePlace(root);
}

/** Replaced by the listener's once there is one. */
interface Gated extends Desk {
  thawed: () => Promise<void>;
}

function describe(wanted: AgentNodeOptions, { options, forbidden }: Shared, place: Place): Omit<AgentNode, "spool" | "window" | "drift" | "supervisor"> & { desk: Gated } {
  const { profile, clock, verify, audit, config, bare } = options;
  const desk: Gated = { node: wanted.name, vcluster: wanted.vcluster, profile, clock, verify, audit, thawed: async () => {} };
  const { name, vcluster, kind } = wanted;
  return { name, vcluster, kind, bare, profile, config, place, desk, forbidden: place.host ? forbidden : [] };
}

type Undrifted = Omit<AgentNode, "drift">;

/** The machine's own services are nobody's but its own; without a namespace nothing would end them with the site. */
function superviseOn(node: Omit<Undrifted, "supervisor">, noticed: { readonly changed: () => void }): Supervisor | undefined {
  if (node.kind === "host" || !node.place.walled) return undefined;
  return openSupervisor({
    place: node.place,
    clock: node.desk.clock,
    changed: () => noticed.changed(),
    // Told to the journal when it takes it; there is nobody to hear that it could not be kept.
    failed: (name, why) => void node.spool.append(entryOf(node, AGENT, "ENTRY_TYPE_SERVICE_LIFECYCLE", `service:failed:${name} ${why}`)).catch(() => {}),
  });
}

async function openDrift(node: Undrifted, folder: string, { options }: Shared): Promise<DriftWatch> {
  const { watchFiles, watchSysctl } = options.config.agent;
  const keys = [...new Set([...(node.place.host ? HOST_SYSCTL : NODE_SYSCTL), ...watchSysctl])].sort();
  const report = async (drift: Drift): Promise<void> => {
    // The machine itself is only observed: its drift opens no window (D5).
    if (node.kind === "virtual") drift.count > 0 ? node.window.open(drift.magnitude) : node.window.settle();
    await node.spool.append({
      ...entryOf(node, AGENT, "ENTRY_TYPE_DRIFT_DETECTED", drift.count > 0 ? `drift:${drift.count}` : "drift:none"),
      state_delta: stateDelta(drift.delta),
    });
  };
  const services: ServicesLook = async (declared) => node.supervisor?.look(declared) ?? NOT_KNOWN;
  return watchDrift({ folder, observer: openObserver({ root: node.place.root, patterns: watchFiles, keys, services }), poll: node.place.host, report });
}

async function serve(
  node: AgentNode & { desk: Gated }, wanted: AgentNodeOptions, folder: string, shared: Shared, undo: readonly (() => Promise<void>)[],
): Promise<RunningNode> {
  const shellFolder = node.place.host ? join(folder, "shell") : NODE_SHELL;
  let sessions: Sessions = openSessions(node, shared.gate, shellFolder);
  const server = newServer();
  // A stopped node has ended its sessions for good; the next ones are new.
  const current: Sessions = { handler: (call) => sessions.handler(call), close: () => sessions.close() };
  server.addService(shellDefinition(), shellService(node, current));
  if (node.profile === "embedded") server.addService(serviceDefinition("pact.site.NodeStateService"), stateService(node, shared.subscription));
  const listener: Listener = await listen(server, wanted.address, wanted.port);
  node.desk.thawed = () => listener.thawed();
  const endSessions = async (): Promise<void> => {
    const old = sessions;
    sessions = openSessions(node, shared.gate, shellFolder);
    await old.close();
  };
  return {
    name: node.name,
    endpoint: `http://${wanted.address}:${listener.port}`,
    root: node.place.root,
    get applied() {
      return node.drift?.applied;
    },
    commit: async (entry) => node.drift?.commit(entry),
    retry: () => node.spool.retry(),
    async control(action) {
      await listener.control(action);
      if (action === "stop") await Promise.all([endSessions(), node.supervisor?.pause()]);
      if (action === "resume") node.supervisor?.resume();
    },
    async close() {
      await listener.close();
      await sessions.close();
      for (const one of [...undo].reverse()) await one();
    },
  };
}
