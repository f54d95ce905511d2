import { type Call, type NodeRecord, PactError, asPactError, defineCommand, fanout, optional, rows, values } from "pact/api";
import { type WriteRow, writeRow, writeView } from "./views.ts";

const MOST_MINUTES = 1440;
const FALLBACK_MINUTES = 15;

async function extended(call: Call<any, any>, record: NodeRecord, minutes: number): Promise<WriteRow> {
  const agent = await (await call.agents()).at(record, call.signal);
  const remainingS = await agent.extend(minutes, call.signal);
  const about = { nodeId: record.nodeId, vcluster: record.vcluster };
  // Stock agents take it for a success where there is nothing to extend.
  if (remainingS === 0) return writeRow({ ...about, status: "unchanged", message: "no commit window is open" });
  return writeRow({ ...about, status: "committed", message: `${Math.ceil(remainingS / 60)} min remain` });
}

async function* extendAll(call: Call<any, any>, records: readonly NodeRecord[], minutes: number): AsyncGenerator<WriteRow | PactError> {
  const one = async function* (record: NodeRecord): AsyncGenerator<WriteRow | PactError> {
    try {
      yield await extended(call, record, minutes);
    } catch (error) {
      call.signal.throwIfAborted();
      const problem = asPactError(error);
      // Of all nodes of a vCluster only some have a window; of the one that is meant it is a failure.
      if (problem.failure !== "precondition" || records.length === 1) yield problem.at(record.nodeId);
    }
  };
  let touched = 0;
  for await (const item of fanout(records, call.options.width, one)) {
    touched += 1;
    yield item;
  }
  if (touched === 0) call.note("no commit window is open on any of them");
}

async function targets(call: Call<any, any>): Promise<readonly NodeRecord[]> {
  const enrollment = await call.enrollment();
  const { node, vcluster } = call.scope;
  if (node !== undefined && node.from !== "host") return [await enrollment.inspect(node.value, call.signal)];
  if (vcluster === undefined) throw new PactError("usage", "extend: neither a node nor a vCluster is given", { reason: "a write never means all of them", hint: "pact extend --node NODE" });
  return (await enrollment.list({ vcluster: vcluster.value }, call.signal)).filter(({ enrollmentState }) => enrollmentState === "active");
}

export default defineCommand({
  summary: "Extend the open commit window",
  details: "Drift that is not committed when its window ends is rolled back. With a current node its window is extended, else every open one of the vCluster.",
  args: { minutes: optional(values.count(1, MOST_MINUTES), `minutes to add (default ${FALLBACK_MINUTES})`) },
  effect: "write",
  role: "ops",
  globals: ["vcluster", "node", "output", "partialOk"],
  examples: [
    { line: "extend --node node-001", shows: "fifteen minutes more" },
    { line: "extend 30 --vcluster ml-training", shows: "thirty more, wherever a window is open there" },
  ],
  async run(call) {
    return rows({ ...writeView, empty: "No commit window is open.", line: extendedLine }, extendAll(call, await targets(call), call.args.minutes ?? FALLBACK_MINUTES));
  },
});

const extendedLine = (row: WriteRow): string => `${row.nodeId}: ${row.status === "committed" ? `extended, ${row.message}` : row.message}`;
