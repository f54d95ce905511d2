// BootConfigService: what a node needs at boot, and every change after it.
import type { BootConfigServiceHandlers } from "../../../contract/gen/pact/stream/BootConfigService.ts";
import type { BootConfigRequest__Output } from "../../../contract/gen/pact/stream/BootConfigRequest.ts";
import type { ConfigChunk } from "../../../contract/gen/pact/stream/ConfigChunk.ts";
import type { ConfigUpdate } from "../../../contract/gen/pact/stream/ConfigUpdate.ts";
import type { Calls, Context } from "../calls.ts";
import { entryJson, entryOf, wireTime } from "../entry.ts";
import type { Journal } from "../journal.ts";
import type { Out } from "../out.ts";
import { overlayOf } from "../overlay.ts";
import type { Overlay } from "../overlay.ts";
import { exhausted, forbidden, notFound, quoted } from "../refusal.ts";
import { overlayChecksum } from "../siphash.ts";
import { zstdFrame } from "../zstd.ts";

const CHUNK = 65_536;
/** Newest entries of a node that go into its delta. */
const MAX_NODE_ENTRIES = 10_000;
const MAX_STREAMS = 1000;
/** Updates looked up before the client's pace is asked again. */
const PAGE = 64;

export function bootHandlers(journal: Journal, calls: Calls): BootConfigServiceHandlers {
  const guard = journal.embedded ? "token" : "header";
  const counted = async (run: () => Promise<void>): Promise<void> => {
    if (journal.counters.bootStreams >= MAX_STREAMS) throw exhausted(`${MAX_STREAMS} streams are open already`);
    journal.counters.bootStreams += 1;
    try {
      await run();
    } finally {
      journal.counters.bootStreams -= 1;
    }
  };
  return {
    StreamBootConfig: calls.stream(
      { name: "BootConfigService/StreamBootConfig", guard, writes: false, prompt: false, target: ({ node_id, vcluster_id }) => `${node_id} ${vcluster_id}` },
      (request, context, out: Out<ConfigChunk>) => counted(() => bootConfig(journal, request, context, out)),
    ),
    SubscribeConfigUpdates: calls.stream(
      { name: "BootConfigService/SubscribeConfigUpdates", guard, writes: false, prompt: true, target: ({ from_sequence }) => `from ${from_sequence}` },
      (request, context, out: Out<ConfigUpdate>) => counted(() => follow(journal, Number(request.from_sequence), context, out)),
    ),
  };
}

async function bootConfig(journal: Journal, request: BootConfigRequest__Output, context: Context, out: Out<ConfigChunk>): Promise<void> {
  const { node_id, vcluster_id, last_known_version } = request;
  if (journal.embedded) {
    const sight = journal.sight(context.caller);
    if (!journal.sees(sight, `vc:${vcluster_id}`)) throw forbidden("that vCluster is not yours");
    if (node_id !== "" && !journal.sees(sight, `node:${node_id}`)) throw forbidden(`node ${quoted(node_id)} is in another vCluster`);
  }
  await journal.store.durable();
  const overlay = journal.embedded ? overlayOf(journal, vcluster_id) : undefined;
  if (overlay === undefined) throw notFound(`no overlay of vCluster ${quoted(vcluster_id)}`);
  context.admit();
  const { version } = overlay;
  const timestamp = wireTime(journal.now());
  if (last_known_version !== undefined && Number(last_known_version) >= version) {
    await out.write({ complete: { base_version: version, node_version: 0, timestamp } });
    return;
  }
  if (!(await sendOverlay(overlay, vcluster_id, out))) return;
  const data = nodeDelta(journal, node_id);
  if (data !== undefined && !(await out.write({ node_delta: { node_id, version, data, checksum: overlayChecksum(data) } }))) return;
  await out.write({ complete: { base_version: version, node_version: version, timestamp } });
}

/** Slices one zstd frame of the overlay; every slice carries the checksum of the plain bytes. */
async function sendOverlay({ version, data, checksum }: Overlay, vcluster_id: string, out: Out<ConfigChunk>): Promise<boolean> {
  const frame = zstdFrame(data);
  const total_chunks = Math.ceil(frame.length / CHUNK);
  for (let index = 0; index < total_chunks; index += 1) {
    const slice = frame.subarray(index * CHUNK, (index + 1) * CHUNK);
    if (!(await out.write({ base_overlay: { version, vcluster_id, data: slice, chunk_index: index, total_chunks, checksum } }))) return false;
  }
  return true;
}

/** JSON of the node's own entries, ascending; undefined when it has none. */
function nodeDelta(journal: Journal, node: string): Buffer | undefined {
  const range = { from: 0, to: Number.MAX_SAFE_INTEGER, scope: `node:${node}`, newestFirst: true, most: MAX_NODE_ENTRIES };
  const entries = journal.store.sequences(range).reverse().flatMap((sequence) => {
    const link = journal.store.entry(sequence);
    return link === undefined ? [] : [entryJson(entryOf(link))];
  });
  return entries.length === 0 ? undefined : Buffer.from(JSON.stringify(entries));
}

/**
 * Catch-up and live are one loop with one number: the next sequence to send. Whatever is on the disk is read
 * from there at the client's pace, so nothing is missed, nothing is kept, and a slow client costs nobody.
 */
async function follow(journal: Journal, from: number, context: Context, out: Out<ConfigUpdate>): Promise<void> {
  const sight = journal.embedded ? journal.sight(context.caller) : undefined;
  if (sight !== undefined && !sight.global) throw forbidden("this role reads no vCluster");
  context.admit();
  let next = from;
  while (!out.gone.aborted) {
    const more = wakeUp(journal, out.gone);
    const page = journal.store.sequences({ from: next, to: Number.MAX_SAFE_INTEGER, scope: undefined, newestFirst: false, most: PAGE });
    for (const sequence of page) {
      const link = journal.store.entry(sequence);
      next = sequence + 1;
      if (link === undefined) continue;
      const entry = entryOf(link);
      if (sight !== undefined && !journal.sees(sight, entry.scope)) continue;
      const vcluster_change = Buffer.from(JSON.stringify(entryJson(entry)));
      if (!(await out.write({ sequence, timestamp: wireTime(entry.time), vcluster_change }))) break;
    }
    if (page.length === 0) await more.promise;
    else await new Promise<void>((resolve) => setImmediate(resolve));
    more.forget();
  }
}

/** Resolves when there may be more, or nobody reads any more. Made before looking, so that no wake-up is missed. */
function wakeUp(journal: Journal, gone: AbortSignal): { promise: Promise<void>; forget: () => void } {
  let wake = (): void => {};
  const promise = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const stop = journal.store.watch(wake);
  gone.addEventListener("abort", wake, { once: true });
  return {
    promise,
    forget: () => {
      stop();
      gone.removeEventListener("abort", wake);
    },
  };
}
