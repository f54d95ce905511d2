import { type Call, type Entry, type Sequence, defineCommand, flag, live, values } from "pact/api";
import { type EntryRow, entryRow, entryView } from "./views.ts";

/** Whether an entry concerns a vCluster: its own, one of its nodes, or everybody's. */
function concerns(entry: Entry, vcluster: string, members: ReadonlySet<string>): boolean {
  if (entry.scope.kind === "global") return true;
  return entry.scope.kind === "vcluster" ? entry.scope.name === vcluster : members.has(entry.scope.name);
}

async function* events(call: Call<any, any>, since: number | undefined): AsyncGenerator<EntryRow> {
  const journal = await call.journal();
  const { signal } = call;
  const vcluster = call.scope.vcluster?.value;
  const members = new Set<string>();
  if (vcluster !== undefined) {
    for (const { nodeId } of await (await call.enrollment()).list({ vcluster }, signal)) members.add(nodeId);
  }
  const head = since === undefined ? await journal.head(signal) : null;
  const from = since ?? (head === null ? 0 : head + 1);
  call.note(`watching ${vcluster ?? "all vClusters"} at ${journal.endpoint} from #${from}; Ctrl-C ends`);
  for await (const entry of journal.watch(from, (gap) => call.note(`--- gap: ${gap.message} ---`), signal)) {
    if (vcluster === undefined || concerns(entry, vcluster, members)) yield entryRow(entry);
  }
}

export default defineCommand({
  summary: "Follow the journal as it grows",
  details: "Shows each entry as it is appended, until interrupted. Reconnects by itself and continues where it was; when it cannot, it fails.",
  flags: { since: flag(values.seq, "begin with this sequence instead of now") },
  effect: "read",
  role: "viewer",
  globals: ["vcluster", "output"],
  examples: [
    { line: "watch", shows: "what happens from now on" },
    { line: "watch --vcluster ml-training --since 0 --output ndjson", shows: "everything of a vCluster, one object a line" },
  ],
  async run(call) {
    const stream: Sequence<EntryRow> = events(call, call.flags.since);
    return live(entryView, stream);
  },
});
