// An embedded site, put together: journal, agents, identity provider and control
// socket in one folder. It prints nothing: it answers what it opened, and closes it.
import { setFlagsFromString } from "node:v8";
import type { SiteFile, SiteNode } from "../contract/control.ts";
import { answerControl } from "./answers.ts";
import { isTestClock, realClock, testClock } from "./clock.ts";
import { openClosers, type Closers } from "./closers.ts";
import { startControl } from "./control.ts";
import { prepareFolder } from "./folder.ts";
import { loadConfig } from "./load-config.ts";
import { SITE_ENTRIES, type SitePaths } from "./paths.ts";
import { placeNodes } from "./place.ts";
import { planPorts, settlePorts, takenMeanwhile } from "./ports.ts";
import { messageOf, SiteProblem } from "./problem.ts";
import { startNodes, startServers, type Start } from "./servers.ts";
import { lookAtSite, retireSiteFile, writeSiteFile } from "./site-file.ts";
import { takeFolder } from "./take.ts";

export interface SiteOptions {
  /** Made when it is not there. */
  readonly dir: string;
  /** 0: free ports; a number: it and the next two; undefined: the last run's, else 9443, 9091, 9445. */
  readonly port?: number | undefined;
  /** Virtual nodes; undefined: what site.toml says, in a new one two. */
  readonly nodes?: number | undefined;
  /** undefined: the last run's, else embedded. */
  readonly profile?: "embedded" | "real" | undefined;
  /** Time that `site clock` moves. */
  readonly testClock?: boolean;
  /** Nodes without namespaces, for load tests. */
  readonly bare?: boolean;
  /** Lets the host be changed: convergence and rollback as on virtual nodes. */
  readonly enforceHost?: boolean;
  /** How long to wait for another start on the same folder, ms. */
  readonly waitMs?: number;
}

export interface Site {
  readonly file: SiteFile;
  /** Another process serves it already; `close` then does nothing. */
  readonly already: boolean;
  /** What a person should know; one line each. */
  readonly notes: readonly string[];
  /** Settles when somebody asked through the control socket for the site to go down. */
  readonly downAsked: Promise<void>;
  /** Answers what did not close well, a line each. */
  close(): Promise<readonly string[]>;
}

/**
 * Output of nodes passes in buffers that count against V8's limit, by default a third above what lives: each 18 MiB then
 * cost a full collection, once there had been a first. With room for what a young collection frees, those suffice.
 */
const HEAP_GROWTH_PERCENT = 300;

/** Starts the site of a folder, or finds that it runs. Throws SiteProblem for what a person can mend. */
export async function startSite(options: SiteOptions): Promise<Site> {
  const paths = prepareFolder(options.dir);
  const taken = await takeFolder(paths, options.waitMs);
  if ("running" in taken) {
    const notes = [`it runs already, as process ${taken.running.pid}`];
    return { file: taken.running, already: true, notes, downAsked: new Promise(() => {}), close: async () => [] };
  }
  const closers = openClosers();
  closers.add("lock", taken.release);
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
  try {
    return await startIn(paths, options, closers);
  } catch (error) {
    await closers.close();
    if (error instanceof SiteProblem) throw error;
    throw takenMeanwhile(error) ?? new SiteProblem("local", `the site in ${paths.dir} cannot start: ${messageOf(error)}`, undefined, error);
  }
}

async function startIn(paths: SitePaths, options: SiteOptions, closers: Closers): Promise<Site> {
  const last = lookAtSite(paths).file;
  const { config, notes } = loadConfig(paths, options.nodes);
  const clock = options.testClock === true ? testClock() : realClock();
  if (isTestClock(clock)) closers.add("clock", () => clock.close());
  const plan = planPorts(options.port, last);
  const settled = await settlePorts(placeNodes(config.nodes, plan), plan);
  const start: Start = { options, paths, config, clock, closers, profile: options.profile ?? last?.profile ?? "embedded", ...settled };
  const { journal, identity } = await startServers(start);
  const agents = await startNodes(start, journal, identity);
  const nodes = settled.nodes.map((node): SiteNode => ({
    node_id: node.name,
    kind: node.kind,
    endpoint: agents.endpoint(node.name),
    root: agents.root(node.name),
  }));
  let down: () => void = () => {};
  const downAsked = new Promise<void>((resolve) => (down = resolve));
  const control = await startControl(paths.socket, answerControl({ config, clock, identity, node: agents.control, nodesUp: agents.up, down }));
  closers.add("control socket", () => control.close());
  const file: SiteFile = {
    version: 1,
    pid: process.pid,
    uid: process.getuid?.() ?? 0,
    started_at: new Date().toISOString(),
    profile: start.profile,
    journal: { grpc: journal.grpc, http: journal.http },
    issuer: identity.issuer,
    nodes,
    sims: {},
    made: SITE_ENTRIES,
  };
  writeSiteFile(paths, file);
  closers.add("site.json", () => retireSiteFile(paths));
  return { file, already: false, notes: [...notes, ...settled.notes, ...agents.notes], downAsked, close: closers.close };
}
