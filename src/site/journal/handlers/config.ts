// ConfigService: appending to the log and reading it.
import type { ConfigServiceHandlers } from "../../../contract/gen/pact/journal/ConfigService.ts";
import type { ConfigEntry } from "../../../contract/gen/pact/config/ConfigEntry.ts";
import type { ListEntriesRequest__Output } from "../../../contract/gen/pact/journal/ListEntriesRequest.ts";
import { append, appendAsStock } from "../append.ts";
import type { Calls, Context } from "../calls.ts";
import { draftOf, entryOf, wireEntry } from "../entry.ts";
import type { Entry } from "../entry.ts";
import type { Journal } from "../journal.ts";
import type { Out } from "../out.ts";
import { configState } from "../overview.ts";
import { overlayOf } from "../overlay.ts";
import { forbidden, invalid, notFound, quoted } from "../refusal.ts";
import { scopeKey } from "../scope.ts";
import type { ScopeKey } from "../scope.ts";

/** Entries looked up at a time. */
const PAGE = 256;

export function configHandlers(journal: Journal, calls: Calls): ConfigServiceHandlers {
  const guard = journal.embedded ? "token" : "header";
  return {
    AppendEntry: calls.unary(
      { name: "ConfigService/AppendEntry", guard, writes: true, target: ({ entry }) => `${scopeKey(entry?.scope ?? null)} ${entry?.entry_type ?? ""}` },
      ({ entry, expected_head, request_id }, { caller }) => {
        if (entry === null) throw invalid("there is no entry");
        const draft = draftOf(entry);
        if (draft === undefined) throw invalid("the entry has no author");
        if (!journal.embedded) return { sequence: appendAsStock(journal, draft) };
        const expectedHead = expected_head === undefined ? null : Number(expected_head);
        return { sequence: append(journal, caller, { draft, expectedHead, requestId: request_id }) };
      },
    ),
    GetEntry: calls.unary({ name: "ConfigService/GetEntry", guard, writes: false, target: ({ sequence }) => sequence }, ({ sequence }, { caller }) => {
      const link = journal.store.entry(Number(sequence));
      if (link === undefined) throw notFound(`no entry ${sequence}`);
      const entry = entryOf(link);
      if (journal.embedded && !journal.sees(journal.sight(caller), entry.scope)) throw forbidden(`entry ${sequence} belongs to another vCluster`);
      return wireEntry(entry, journal.profile);
    }),
    GetNodeState: calls.unary({ name: "ConfigService/GetNodeState", guard, writes: false, target: ({ node_id }) => node_id }, ({ node_id }, { caller }) => {
      // No RPC ever gives a stock journal a node's state.
      const node = journal.embedded ? journal.state.nodes.get(node_id) : undefined;
      if (node === undefined) throw notFound(`no state of node ${quoted(node_id)}`, "see: pact status");
      if (!journal.sees(journal.sight(caller), `node:${node_id}`)) throw forbidden(`node ${node_id} is in another vCluster`);
      return { node_id, config_state: configState(journal, node) };
    }),
    GetOverlay: calls.unary({ name: "ConfigService/GetOverlay", guard, writes: false, target: ({ vcluster_id }) => vcluster_id }, ({ vcluster_id }, { caller }) => {
      if (journal.embedded && !journal.sees(journal.sight(caller), `vc:${vcluster_id}`)) throw forbidden("that vCluster is not yours");
      const overlay = journal.embedded ? overlayOf(journal, vcluster_id) : undefined;
      if (overlay === undefined) throw notFound(`no overlay of vCluster ${quoted(vcluster_id)}`);
      return { vcluster_id, version: overlay.version, data: overlay.data, checksum: overlay.checksum };
    }),
    ListEntries: calls.stream(
      { name: "ConfigService/ListEntries", guard, writes: false, prompt: false, target: ({ scope }) => (scope?.scope === undefined ? "all" : scopeKey(scope)) },
      (request, context, out: Out<ConfigEntry>) => listEntries(journal, request, context, out),
    ),
  };
}

async function listEntries(journal: Journal, request: ListEntriesRequest__Output, context: Context, out: Out<ConfigEntry>): Promise<void> {
  const { scope } = request;
  // An empty oneof filters nothing; global = false is the global scope.
  const key: ScopeKey | undefined = scope === null || scope.scope === undefined ? undefined : scopeKey(scope);
  const sees = filterFor(journal, context, key);
  context.admit();
  const last = journal.embedded ? request.last : undefined;
  let left = last ?? request.limit ?? Number.POSITIVE_INFINITY;
  const from = Number(request.from_sequence ?? 0);
  const to = Math.min(Number(request.to_sequence ?? Number.MAX_SAFE_INTEGER), journal.store.entries - 1);
  for await (const entry of walk(journal, { from, to, scope: key, newestFirst: last !== undefined })) {
    if (left <= 0 || out.gone.aborted) return;
    if (!sees(entry.scope)) continue;
    if (!(await out.write(wireEntry(entry, journal.profile)))) return;
    left -= 1;
  }
}

/** Which entries a caller may be given. Throws a Refusal when it asks for a scope that is not its own. */
function filterFor(journal: Journal, { caller }: Context, scope: ScopeKey | undefined): (of: ScopeKey) => boolean {
  if (!journal.embedded) return () => true;
  const sight = journal.sight(caller);
  if (scope !== undefined && !journal.sees(sight, scope)) throw forbidden(`${quoted(scope)} is not in a vCluster of yours`);
  return (of) => journal.sees(sight, of);
}

/** Walks a range page by page, so that other calls get their turn and nothing is held but one page of numbers. */
async function* walk(journal: Journal, range: { from: number; to: number; scope: ScopeKey | undefined; newestFirst: boolean }): AsyncGenerator<Entry> {
  let { from, to } = range;
  for (;;) {
    const page = journal.store.sequences({ ...range, from, to, most: PAGE });
    for (const sequence of page) {
      const link = journal.store.entry(sequence);
      if (link !== undefined) yield entryOf(link);
    }
    const end = page.at(-1);
    if (end === undefined || page.length < PAGE) return;
    if (range.newestFirst) to = end - 1;
    else from = end + 1;
    if (to < from) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
