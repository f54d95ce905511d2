import { type Call, type View, PactError, asPactError, defineCommand, fanout, rows } from "pact/api";

interface GroupRow {
  readonly vcluster: string;
  readonly nodes: number;
  readonly enforcementMode: string;
  readonly twoPersonApproval: boolean;
}

const view: View<GroupRow> = {
  columns: [{ key: "vcluster" }, { key: "nodes", as: "count" }, { key: "enforcementMode", title: "mode" }, { key: "twoPersonApproval", title: "two persons", show: (row) => (row.twoPersonApproval ? "yes" : "no") }],
  empty: "No vCluster that you may see.",
};

/** Entries looked through for vClusters that have no nodes: the journal keeps no list of vClusters. */
const RECENT = 1_000;

/** vClusters with the number of their nodes, by name. */
export async function membersOf(call: Pick<Call, "enrollment" | "journal" | "signal">): Promise<ReadonlyMap<string, readonly string[]>> {
  const members = new Map<string, string[]>();
  const nodes = await (await call.enrollment()).list({}, call.signal).catch((error: unknown) => {
    if (error instanceof PactError && error.failure === "unsupported") return [];
    throw error;
  });
  for (const { nodeId, vcluster, enrollmentState } of nodes) {
    if (vcluster !== null && enrollmentState !== "revoked") members.set(vcluster, [...(members.get(vcluster) ?? []), nodeId]);
  }
  for await (const { scope } of (await call.journal()).list({ last: RECENT }, call.signal)) {
    if (scope.kind === "vcluster" && !members.has(scope.name)) members.set(scope.name, []);
  }
  return new Map([...members].sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function* groups(call: Pick<Call, "enrollment" | "journal" | "policy" | "signal" | "options">): AsyncGenerator<GroupRow | PactError> {
  const members = await membersOf(call);
  const policy = await call.policy();
  const found = new Map<string, GroupRow | PactError>();
  const one = async function* (vcluster: string): AsyncGenerator<readonly [string, GroupRow | PactError]> {
    try {
      const { enforcementMode, twoPersonApproval } = await policy.effective(vcluster, call.signal);
      yield [vcluster, { vcluster, nodes: members.get(vcluster)?.length ?? 0, enforcementMode, twoPersonApproval }];
    } catch (error) {
      call.signal.throwIfAborted();
      yield [vcluster, asPactError(error)];
    }
  };
  for await (const [vcluster, row] of fanout([...members.keys()], call.options.width, one)) found.set(vcluster, row);
  for (const vcluster of members.keys()) {
    const row = found.get(vcluster);
    if (row !== undefined) yield row;
  }
}

export default defineCommand({
  summary: "List vClusters with their policy in short",
  effect: "read",
  role: "viewer",
  globals: ["output", "fields", "partialOk"],
  examples: [
    { line: "group list", shows: "vClusters that your role may see" },
    { line: "group list --output json", shows: "for a script" },
  ],
  async run(call) {
    return rows(view, groups(call));
  },
});
