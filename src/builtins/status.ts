import { type Call, type DriftSummary, type NodeOverview, type NodeRecord, type NodeState, type View, PactError, asPactError, defineCommand, fanout, optional, rows, values } from "pact/api";
import { askAgent } from "./drift.ts";
import { overviewFromEntries } from "./overview.ts";
import { knownVcluster } from "./target.ts";

interface StatusRow {
  readonly nodeId: string;
  readonly vcluster: string | null;
  readonly enrollmentState: string;
  readonly configState: string | null;
  readonly reachable: boolean;
  readonly drift: { readonly count: number; readonly magnitude: number };
  readonly window: { readonly state: string; readonly remainingS: number };
  readonly emergency: { readonly by: string; readonly reason: string; readonly startedAt: Date } | null;
  readonly localDeltas: number;
  readonly expiredDeltas: number;
  readonly lastSeen: Date | null;
  readonly capability: { readonly cores: number; readonly memoryBytes: number; readonly gpus: number } | null;
}

const GIB = 1024 ** 3;

const view: View<StatusRow> = {
  columns: [
    { key: "nodeId", title: "node" },
    { key: "vcluster" },
    { key: "enrollmentState", title: "enrolled", as: "state" },
    { key: "configState", title: "state", as: "state" },
    { key: "reachable", as: "state", title: "agent", show: (row) => (row.reachable ? "up" : "unreachable") },
    { key: "drift", show: (row) => (row.drift.count === 0 ? "-" : `${row.drift.count} (${row.drift.magnitude.toFixed(1)})`) },
    { key: "window", show: (row) => (row.window.state === "open" ? `open ${Math.ceil(row.window.remainingS / 60)}m` : row.window.state) },
    { key: "emergency", nothing: "-", show: (row) => (row.emergency === null ? "-" : `by ${row.emergency.by}`) },
    { key: "localDeltas", title: "local", nothing: "0", show: (row) => (row.expiredDeltas > 0 ? `${row.localDeltas} (${row.expiredDeltas} expired)` : String(row.localDeltas)) },
    { key: "capability", title: "cpu/mem/gpu", show: (row) => (row.capability === null ? "-" : `${row.capability.cores} / ${(row.capability.memoryBytes / GIB).toFixed(0)}G / ${row.capability.gpus}`) },
  ],
  empty: "No nodes.",
};

const pickSummary = ({ count, magnitude }: DriftSummary): DriftSummary => ({ count, magnitude });

/** The whole report is what `cap` shows. */
function pickCapability(capability: NodeState["capability"]): StatusRow["capability"] {
  if (capability === null) return null;
  const { cores, memoryBytes, gpus } = capability;
  return { cores, memoryBytes, gpus };
}

async function overviewOf(call: Pick<Call, "journal" | "signal">, record: NodeRecord): Promise<NodeOverview> {
  return record.overview ?? (await overviewFromEntries(await call.journal(), record.nodeId, call.signal));
}

/** A node's row, and its agent's failure after it where there was one. */
async function* statusOf(call: Call<any, any>, record: NodeRecord): AsyncGenerator<StatusRow | PactError> {
  const known = await overviewOf(call, record);
  let problem: PactError | undefined;
  let state: Awaited<ReturnType<typeof askAgent>>;
  try {
    const agent = await (await call.agents()).at(record, call.signal);
    state = await askAgent(agent, { drift: true, window: true, capability: true }, call.signal);
  } catch (error) {
    call.signal.throwIfAborted();
    problem = asPactError(error).at(record.nodeId);
  }
  yield {
    nodeId: record.nodeId,
    vcluster: record.vcluster,
    enrollmentState: record.enrollmentState,
    configState: known.configState,
    // An agent that refuses us is there all the same.
    reachable: problem === undefined || problem.failure === "forbidden" || problem.failure === "unauthenticated",
    drift: pickSummary(state?.drift ?? known.drift),
    window: state?.window ?? { state: "idle", remainingS: 0 },
    emergency: known.emergency,
    localDeltas: known.localDeltas,
    expiredDeltas: known.expiredDeltas,
    lastSeen: record.lastSeen,
    capability: pickCapability(state?.capability ?? null),
  };
  if (problem !== undefined) yield problem;
}

async function records(call: Call<any, any>, typed: string | undefined): Promise<readonly NodeRecord[]> {
  const enrollment = await call.enrollment();
  const given = typed ?? (call.scope.node?.from === "host" ? undefined : call.scope.node?.value);
  if (given === undefined) {
    const vcluster = call.scope.vcluster?.value;
    const all = await enrollment.list({ vcluster }, call.signal);
    if (all.length === 0 && vcluster !== undefined) await knownVcluster(call, vcluster);
    return [...all].filter(({ enrollmentState }) => enrollmentState !== "revoked").sort((a, b) => a.nodeId.localeCompare(b.nodeId, "en", { numeric: true }));
  }
  const record = await enrollment.inspect(given, call.signal);
  if (call.scope.vcluster?.from === "flag" && record.vcluster !== call.scope.vcluster.value) {
    throw new PactError("notFound", `${given} is not in vCluster ${call.scope.vcluster.value}`, { reason: `it is in ${record.vcluster ?? "none"}` });
  }
  return [record];
}

/** Problems after the rows, rows by node id: the same order every time. */
async function* ordered(call: Call<any, any>, all: readonly NodeRecord[]): AsyncGenerator<StatusRow | PactError> {
  const found: StatusRow[] = [];
  const problems: PactError[] = [];
  for await (const item of fanout(all, call.options.width, (record) => statusOf(call, record))) {
    if (item instanceof PactError) problems.push(item);
    else found.push(item);
  }
  const order = new Map(all.map(({ nodeId }, at) => [nodeId, at]));
  yield* found.sort((a, b) => (order.get(a.nodeId) ?? 0) - (order.get(b.nodeId) ?? 0));
  yield* problems;
}

export default defineCommand({
  summary: "Show node state, drift and capabilities",
  details: "Without a node: every node of the vCluster, or all that your role may see. Local deltas are committed on the node and not yet promoted; expired ones have outlived their time to live (ND3).",
  args: { node: optional(values.node, "node to show; all without it") },
  effect: "read",
  role: "viewer",
  globals: ["vcluster", "output", "fields", "nodeTimeout", "partialOk"],
  examples: [
    { line: "status", shows: "all nodes you may see" },
    { line: "status node-001", shows: "one node" },
    { line: "status --vcluster ml-training --output json", shows: "a vCluster, for a script" },
  ],
  async run(call) {
    return rows(view, ordered(call, await records(call, call.args.node)));
  },
});
