import { type Call, type Gap, type Sequence, type View, defineCommand, flag, live, values } from "pact/api";
import { Members } from "./members.ts";
import { type EntryRow, entryRow, entryView } from "./views.ts";

/** Stands where entries are missing: the keys of an entry, so that one reader serves both. */
interface GapRow extends Record<"seq" | "time" | "scope" | "author" | "parent" | "ttlS" | "delta", null> {
  readonly type: "GAP";
  readonly message: string;
  readonly detail: { readonly first: number; readonly last: number; readonly cause: Gap["cause"]; readonly reason: string };
}
type WatchRow = EntryRow | GapRow;

const range = (first: number, last: number): string => (first === last ? `#${first}` : `#${first} to #${last}`);

function gapMessage({ first, last, cause, reason }: Gap): string {
  if (cause === "lost") return `gap: ${range(first, last)}: ${reason}`;
  if (first > last) return `the journal went back: ${reason}`;
  return `the journal went back: ${range(first, last)} ${first === last ? "is" : "are"} no longer what came before; ${reason}`;
}

const gapRow = (gap: Gap): GapRow => ({
  seq: null, time: null, type: "GAP", scope: null, author: null,
  message: gapMessage(gap),
  detail: { first: gap.first, last: gap.last, cause: gap.cause, reason: gap.reason },
  parent: null, ttlS: null, delta: null,
});

const view: View<WatchRow> = {
  columns: [{ key: "seq" }, { key: "time", as: "time" }, { key: "type" }, { key: "scope" }, { key: "message" }],
  empty: entryView.empty,
  line: (row) => (row.seq === null ? `--- ${row.message} ---` : (entryView.line?.(row) ?? "")),
};

async function* events(call: Call<any, any>, since: number | undefined): AsyncGenerator<WatchRow> {
  const journal = await call.journal();
  const { signal } = call;
  const vcluster = call.scope.vcluster?.value;
  const members = vcluster === undefined ? undefined : new Members(vcluster, await call.enrollment(), signal);
  await members?.load();
  const head = since === undefined ? await journal.head(signal) : null;
  const from = since ?? (head === null ? 0 : head + 1);
  call.note(`watching ${vcluster ?? "all vClusters"} at ${journal.endpoint} from #${from}; Ctrl-C ends`);
  for await (const entry of journal.watch(from, signal)) {
    if ("kind" in entry) yield gapRow(entry);
    else if (members === undefined || (await members.concerns(entry.scope))) yield entryRow(entry);
  }
}

export default defineCommand({
  summary: "Follow the journal as it grows",
  details:
    "Shows each entry as it is appended, until interrupted. When the journal goes away, says so, goes on trying for ten times --timeout, " +
    "and continues where it was; then it fails. Entries that were not delivered, and a journal that went back to an older copy, are marked.",
  flags: { since: flag(values.seq, "begin with this sequence instead of now") },
  effect: "read",
  role: "viewer",
  globals: ["vcluster", "output", "timeout"],
  examples: [
    { line: "watch", shows: "what happens from now on" },
    { line: "watch --vcluster ml-training --since 0 --output ndjson", shows: "everything of a vCluster, one object a line" },
  ],
  async run(call) {
    const stream: Sequence<WatchRow> = events(call, call.flags.since);
    return live(view, stream);
  },
});
