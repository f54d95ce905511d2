import { type Entry, type Scope, PactError, defaulted, defineCommand, flag, rows, values } from "pact/api";
import { type EntryRow, entryRow, entryView } from "./views.ts";

async function* asRows(entries: AsyncIterable<Entry>): AsyncGenerator<EntryRow> {
  for await (const entry of entries) yield entryRow(entry);
}

export default defineCommand({
  summary: "Show the history in the journal",
  details: "Newest first. Without --scope or --vcluster: everything your role may see.",
  flags: {
    count: defaulted(values.count(1, 100_000), 20, "how many entries", { short: "n" }),
    scope: flag(values.scopeFilter, "node:ID, vc:NAME or global"),
  },
  effect: "read",
  role: "viewer",
  globals: ["vcluster", "output", "fields"],
  examples: [
    { line: "log", shows: "the last 20 entries" },
    { line: "log -n 5 --scope node:node-001", shows: "the last five of one node" },
    { line: "log --scope vc:ml-training --output json", shows: "a vCluster's, for a script" },
  ],
  async run(call) {
    const named = call.scope.vcluster?.from === "flag" ? call.scope.vcluster.value : undefined;
    if (named !== undefined && call.flags.scope !== undefined) {
      throw new PactError("usage", "log: --scope and --vcluster say the same thing twice", { hint: `pact log --scope vc:${named}` });
    }
    const scope: Scope | undefined = call.flags.scope ?? (named === undefined ? undefined : { kind: "vcluster", name: named });
    const journal = await call.journal();
    return rows(entryView, asRows(journal.list({ scope, last: call.flags.count }, call.signal)));
  },
});
