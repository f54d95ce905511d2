// A journal in memory with the few calls an agent makes, and a switch to be down.
import { Server, ServerCredentials, status, type ServerWritableStream } from "@grpc/grpc-js";
import { serviceDefinition } from "../../../../src/contract/load.ts";
import type { ConfigEntry__Output } from "../../../../src/contract/gen/pact/config/ConfigEntry.ts";
import type { ConfigServiceHandlers } from "../../../../src/contract/gen/pact/journal/ConfigService.ts";
import type { BootConfigServiceHandlers } from "../../../../src/contract/gen/pact/stream/BootConfigService.ts";
import type { ConfigUpdate } from "../../../../src/contract/gen/pact/stream/ConfigUpdate.ts";
import type { SubscribeRequest__Output } from "../../../../src/contract/gen/pact/stream/SubscribeRequest.ts";

export interface FakeJournal {
  readonly port: number;
  readonly entries: ConfigEntry__Output[];
  /** Puts an entry in as somebody else would; answers its sequence. */
  add(entry: Partial<ConfigEntry__Output>): string;
  /** Texts of the entries of a type. */
  texts(type: string): string[];
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

type Subscriber = ServerWritableStream<SubscribeRequest__Output, ConfigUpdate>;

export async function fakeJournal(): Promise<FakeJournal> {
  const entries: ConfigEntry__Output[] = [];
  const byRequest = new Map<string, string>();
  const subscribers = new Set<Subscriber>();
  let server: Server | undefined;
  let port = 0;

  const add = (entry: Partial<ConfigEntry__Output>): string => {
    const sequence = String(entries.length);
    const whole = { timestamp: null, entry_type: "ENTRY_TYPE_COMMIT", scope: null, author: null, state_delta: null, policy_ref: "", ...entry, sequence } as const;
    entries.push(whole);
    for (const one of subscribers) one.write(updateOf(whole));
    return sequence;
  };
  const config: Pick<ConfigServiceHandlers, "AppendEntry" | "GetEntry"> = {
    AppendEntry: (call, done) => {
      const { entry, request_id } = call.request;
      if (!String(call.metadata.get("authorization")[0]).startsWith("Bearer ")) return done({ code: status.UNAUTHENTICATED });
      if (entry === null) return done({ code: status.INVALID_ARGUMENT });
      const known = byRequest.get(request_id);
      const sequence = known ?? add(entry);
      byRequest.set(request_id, sequence);
      done(null, { sequence });
    },
    GetEntry: (call, done) => {
      const entry = entries[Number(call.request.sequence)];
      if (entry === undefined) done({ code: status.NOT_FOUND });
      else done(null, entry);
    },
  };
  const boot: Pick<BootConfigServiceHandlers, "SubscribeConfigUpdates"> = {
    SubscribeConfigUpdates: (call) => {
      call.on("error", () => {});
      call.on("cancelled", () => subscribers.delete(call));
      for (const entry of entries.slice(Number(call.request.from_sequence))) call.write(updateOf(entry));
      subscribers.add(call);
    },
  };
  const up = async (): Promise<void> => {
    const next = new Server();
    next.addService(serviceDefinition("pact.journal.ConfigService"), config);
    next.addService(serviceDefinition("pact.stream.BootConfigService"), boot);
    port = await new Promise<number>((resolve, reject) => {
      next.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) => (error === null ? resolve(bound) : reject(error)));
    });
    server = next;
  };
  const down = async (): Promise<void> => {
    subscribers.clear();
    server?.forceShutdown();
    server = undefined;
  };
  await up();
  return {
    get port() {
      return port;
    },
    entries,
    add,
    texts: (type) => entries.filter((entry) => entry.entry_type === type).map((entry) => entry.policy_ref),
    up,
    down,
    close: down,
  };
}

const TYPES: Readonly<Record<string, string>> = { ENTRY_TYPE_COMMIT: "Commit", ENTRY_TYPE_AUTO_CONVERGE: "AutoConverge" };

function updateOf(entry: ConfigEntry__Output): ConfigUpdate {
  const node = entry.scope?.node_id;
  const json = { sequence: Number(entry.sequence), entry_type: TYPES[String(entry.entry_type)] ?? "Other", scope: node === undefined ? "Global" : { Node: node } };
  return { sequence: entry.sequence, vcluster_change: Buffer.from(JSON.stringify(json)) };
}
