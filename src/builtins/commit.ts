import {
  type Call, type DeltaItem, type Journal, type NodeRecord, type Scope, PactError, asPactError, defineCommand, fanout, flag, requiredFlag, rows, values,
} from "pact/api";
import { askAgent, driftOf } from "./drift.ts";
import { SecondPerson } from "./second-person.ts";
import { type WriteRow, writeRow, writeView } from "./views.ts";

interface Wish {
  readonly message: string;
  readonly ttlS: number | undefined;
}

const LEAST_TTL = 15 * 60;
const MOST_TTL = 10 * 86_400;

/** The sequence, or with --no-wait the approval that the entry now waits for. */
async function append(
  call: Call<any, any>, journal: Journal, wish: Wish, scope: Scope, vcluster: string, delta: readonly DeltaItem[] | undefined, head?: number | null,
): Promise<number | { readonly approvalId: string }> {
  const second = new SecondPerson(call);
  try {
    return await journal.append(
      { type: "COMMIT", scope, message: wish.message, ttlS: wish.ttlS, delta },
      { vcluster, ...(head === undefined ? {} : { expectedHead: head }), ...second.waits },
      call.signal,
    );
  } catch (error) {
    second.left();
    const approvalId = error instanceof PactError ? error.about.approvalId : undefined;
    if (approvalId === undefined || !call.options.noWait) throw error;
    return { approvalId };
  }
}

/** One node's drift as one entry; undefined when it has none. */
async function commitNode(call: Call<any, any>, record: NodeRecord, wish: Wish): Promise<WriteRow | undefined> {
  const { signal } = call;
  if (record.vcluster === null) {
    throw new PactError("precondition", `${record.nodeId} belongs to no vCluster`, { node: record.nodeId });
  }
  const agent = await (await call.agents()).at(record, signal);
  const { items } = await driftOf(agent, call.journal, signal);
  if (items.length === 0) return undefined;
  const about = { nodeId: record.nodeId, vcluster: record.vcluster, message: wish.message };
  if (call.options.dryRun) {
    call.note(`${record.nodeId}: would commit ${items.length} difference${items.length === 1 ? "" : "s"}`);
    return writeRow({ ...about, status: "unchanged" });
  }
  const written = await append(call, await call.journal(), wish, { kind: "node", name: record.nodeId }, record.vcluster, items, record.overview?.head);
  if (typeof written !== "number") return writeRow({ ...about, status: "pending_approval", ...written });
  const seq = written;
  // Read your own writes: the next `diff` must not show what was just committed.
  await askAgent(agent, { applied: seq }, signal).catch((error: unknown) => {
    call.note(`warning: ${record.nodeId} has not confirmed seq ${seq} yet: ${asPactError(error).message}`);
  });
  return writeRow({ ...about, status: "committed", seq });
}

async function* commitAll(call: Call<any, any>, vcluster: string, wish: Wish): AsyncGenerator<WriteRow | PactError> {
  const members = (await (await call.enrollment()).list({ vcluster }, call.signal)).filter(({ enrollmentState }) => enrollmentState === "active");
  let touched = 0;
  const one = async function* (record: NodeRecord): AsyncGenerator<WriteRow | PactError> {
    try {
      const row = await commitNode(call, record, wish);
      if (row !== undefined) yield row;
    } catch (error) {
      call.signal.throwIfAborted();
      yield asPactError(error).at(record.nodeId);
    }
  };
  for await (const item of fanout(members, call.options.width, one)) {
    touched++;
    yield item;
  }
  if (touched > 0) return;
  const alone = `no drift on any node of ${vcluster}: the entry carries the message alone`;
  if (call.options.dryRun) {
    call.note(alone);
    yield writeRow({ vcluster, status: "unchanged", message: wish.message });
    return;
  }
  const written = await append(call, await call.journal(), wish, { kind: "vcluster", name: vcluster }, vcluster, undefined);
  call.note(alone);
  const about = { vcluster, message: wish.message };
  yield typeof written === "number" ? writeRow({ ...about, status: "committed", seq: written }) : writeRow({ ...about, status: "pending_approval", ...written });
}

async function* commitOne(call: Call<any, any>, nodeId: string, wish: Wish): AsyncGenerator<WriteRow> {
  const record = await (await call.enrollment()).inspect(nodeId, call.signal);
  const { vcluster } = call.scope;
  if (vcluster?.from === "flag" && record.vcluster !== vcluster.value) {
    throw new PactError("usage", `${nodeId} is not in vCluster ${vcluster.value}`, { reason: `it is in ${record.vcluster ?? "none"}` });
  }
  const row = await commitNode(call, record, wish);
  if (row === undefined) call.note(`no drift on ${nodeId}: nothing to commit`);
  yield row ?? writeRow({ nodeId, vcluster: record.vcluster, status: "unchanged", message: wish.message });
}

export default defineCommand({
  summary: "Commit current drift to the journal",
  details: "With a current node, its drift becomes one entry of that node. Without one, every drifted node of the vCluster gets its entry; if none has drifted, one entry of the vCluster keeps the message. On regulated vClusters a second person must approve.",
  flags: {
    message: requiredFlag(values.message, "why: kept in the journal", { short: "m" }),
    ttl: flag(values.duration, "how long it holds: 15m to 10d (ND1, ND2)"),
  },
  effect: "write",
  role: "ops",
  globals: ["vcluster", "node", "dryRun", "noWait", "output"],
  examples: [
    { line: 'commit -m "tuned hugepages for ML training" --vcluster ml-training', shows: "all drift of a vCluster" },
    { line: 'commit -m "added NFS mount" --node node-001', shows: "one node's drift" },
  ],
  async run(call) {
    const { message, ttl } = call.flags;
    if (ttl !== undefined && (ttl < LEAST_TTL || ttl > MOST_TTL)) {
      throw new PactError("usage", "commit: --ttl must be from 15m to 10d");
    }
    const wish: Wish = { message, ttlS: ttl };
    const { node, vcluster } = call.scope;
    if (node !== undefined && node.from !== "host") return rows(writeView, commitOne(call, node.value, wish));
    if (vcluster === undefined) {
      throw new PactError("usage", "commit: no vCluster is given", { reason: "a write never means all of them", hint: "--vcluster NAME, use NAME, PACT_VCLUSTER, or default_vcluster in cli.toml" });
    }
    return rows(writeView, commitAll(call, vcluster.value, wish));
  },
});
