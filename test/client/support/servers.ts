// Small gRPC servers made by hand: a journal and an agent, of our kind or stock, whose answers a
// test decides. They keep what they were asked.
import { createServer, type Server as TcpServer, type Socket } from "node:net";
import * as grpc from "@grpc/grpc-js";
import type { ConfigEntry__Output } from "../../../src/contract/gen/pact/config/ConfigEntry.ts";
import type { AppendEntryRequest__Output } from "../../../src/contract/gen/pact/journal/AppendEntryRequest.ts";
import type { ListEntriesRequest__Output } from "../../../src/contract/gen/pact/journal/ListEntriesRequest.ts";
import type { SubscribeRequest__Output } from "../../../src/contract/gen/pact/stream/SubscribeRequest.ts";
import type { ConfigUpdate } from "../../../src/contract/gen/pact/stream/ConfigUpdate.ts";
import type { ConfigEntry } from "../../../src/contract/gen/pact/config/ConfigEntry.ts";
import type { PolicyEvalRequest__Output } from "../../../src/contract/gen/pact/policy/PolicyEvalRequest.ts";
import type { PolicyEvalResponse } from "../../../src/contract/gen/pact/policy/PolicyEvalResponse.ts";
import type { NodeSummary } from "../../../src/contract/gen/pact/enrollment/NodeSummary.ts";
import { serviceDefinition } from "../../../src/contract/load.ts";

export const TIME_TEXT = "2026-11-23T07:00:00.000Z";

/** When entry 0 was made. */
const SECONDS = 1_795_417_200;

/** A status as servers send it. */
export function refuse(code: grpc.status, details: string, trailers: Readonly<Record<string, string>> = {}): grpc.ServiceError {
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(trailers)) metadata.set(name, value);
  return Object.assign(new Error(details), { code, details, metadata });
}

export function header(metadata: grpc.Metadata, name: string): string | undefined {
  return metadata.get(name)[0]?.toString();
}

/** Binds a server to a free port of loopback. */
export async function listen(server: grpc.Server, port = 0): Promise<{ port: number; close(): void }> {
  const bound = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), (error, at) => (error === null ? resolve(at) : reject(error))));
  return { port: bound, close: () => server.forceShutdown() };
}

export function entry(sequence: number, more: Partial<ConfigEntry> = {}): ConfigEntry {
  return {
    sequence: String(sequence),
    timestamp: { seconds: String(SECONDS + sequence), nanos: 0 },
    entry_type: "ENTRY_TYPE_COMMIT",
    scope: sequence % 3 === 0 ? { node_id: "node-001" } : { vcluster_id: "ml-training" },
    author: { principal: "ops", principal_type: "Human", role: "pact-ops-ml-training" },
    policy_ref: `commit ${sequence}`,
    ...more,
  };
}

const sameScope = (a: ConfigEntry["scope"], b: ListEntriesRequest__Output["scope"]): boolean =>
  b === null || b.scope === undefined || (b.scope === "node_id" ? a?.node_id === b.node_id : b.scope === "vcluster_id" ? a?.vcluster_id === b.vcluster_id : a?.global === true);

export interface JournalScript {
  readonly ours: boolean;
  entries: ConfigEntry[];
  nodes?: NodeSummary[];
  /** Decides instead of storing; undefined stores. */
  append?: (request: AppendEntryRequest__Output, turn: number) => grpc.ServiceError | "hang" | undefined;
  evaluate?: (request: PolicyEvalRequest__Output) => PolicyEvalResponse;
  /** Refuses a call by its authorization header. */
  guard?: (authorization: string | undefined) => grpc.ServiceError | undefined;
  subscribe?: (call: grpc.ServerWritableStream<SubscribeRequest__Output, ConfigUpdate>, turn: number) => void;
}

export interface TestJournal {
  readonly url: string;
  readonly port: number;
  readonly script: JournalScript;
  readonly asked: { name: string; request: unknown; metadata: grpc.Metadata }[];
  /** How many entries ListEntries has written to the wire. */
  streamed: number;
  cancelled: number;
  count(name: string): number;
  close(): void;
}

type Call = { readonly metadata: grpc.Metadata; readonly request: unknown; sendMetadata(metadata: grpc.Metadata): void };

export async function startJournal(script: JournalScript, port = 0): Promise<TestJournal> {
  const server = new grpc.Server();
  const asked: TestJournal["asked"] = [];
  const trailers = (): grpc.Metadata => {
    const metadata = new grpc.Metadata();
    if (script.ours) metadata.set("pact-time", TIME_TEXT);
    return metadata;
  };
  /** Notes the call; answers why it is refused. */
  const begin = (name: string, call: Call): grpc.ServiceError | undefined => {
    asked.push({ name, request: call.request, metadata: call.metadata });
    call.sendMetadata(trailers());
    return script.guard?.(header(call.metadata, "authorization"));
  };
  const journal: TestJournal = {
    url: "", port: 0, script, asked, streamed: 0, cancelled: 0,
    count: (name) => asked.filter((one) => one.name === name).length,
    close: () => {},
  };
  const withTime = (error: grpc.ServiceError): grpc.ServiceError => {
    if (script.ours) error.metadata.set("pact-time", TIME_TEXT);
    return error;
  };

  server.addService(serviceDefinition("pact.journal.ConfigService"), {
    GetEntry(call: grpc.ServerUnaryCall<{ sequence: string }, ConfigEntry>, done: grpc.sendUnaryData<ConfigEntry>) {
      const refused = begin("GetEntry", call);
      const found = script.entries[Number(call.request.sequence)];
      if (refused !== undefined) done(withTime(refused));
      else if (found === undefined) done(withTime(refuse(grpc.status.NOT_FOUND, "entry not found")));
      else done(null, found, trailers());
    },
    ListEntries(call: grpc.ServerWritableStream<ListEntriesRequest__Output, ConfigEntry>) {
      const refused = begin("ListEntries", call);
      if (refused !== undefined) {
        call.emit("error", withTime(refused));
        return;
      }
      call.on("cancelled", () => (journal.cancelled += 1));
      const { scope, from_sequence, to_sequence, limit, last } = call.request;
      let found = script.entries.filter((one) =>
        sameScope(one.scope, scope) && Number(one.sequence) >= Number(from_sequence ?? 0) && Number(one.sequence) <= Number(to_sequence ?? Number.MAX_SAFE_INTEGER));
      if (limit !== undefined) found = found.slice(0, limit);
      if (script.ours && last !== undefined) found = found.slice(-last).reverse();
      void writeAll(call, found, () => (journal.streamed += 1));
    },
    AppendEntry(call: grpc.ServerUnaryCall<AppendEntryRequest__Output, { sequence: string }>, done: grpc.sendUnaryData<{ sequence: string }>) {
      const turn = journal.count("AppendEntry") + 1;
      const refused = begin("AppendEntry", call) ?? script.append?.(call.request, turn);
      if (refused === "hang") return;
      if (refused !== undefined) {
        done(withTime(refused));
        return;
      }
      const sequence = script.entries.length;
      const kept: ConfigEntry__Output | null = call.request.entry;
      script.entries.push({ ...kept, sequence: String(sequence), timestamp: { seconds: "1795417200", nanos: 0 } });
      done(null, { sequence: String(sequence) }, trailers());
    },
  });
  server.addService(serviceDefinition("pact.policy.PolicyService"), {
    Evaluate(call: grpc.ServerUnaryCall<PolicyEvalRequest__Output, PolicyEvalResponse>, done: grpc.sendUnaryData<PolicyEvalResponse>) {
      const refused = begin("Evaluate", call);
      if (refused !== undefined) done(withTime(refused));
      else done(null, script.evaluate?.(call.request) ?? { authorized: true, policy_ref: "rbac:default:commit" }, trailers());
    },
  });
  server.addService(serviceDefinition("pact.stream.BootConfigService"), {
    SubscribeConfigUpdates(call: grpc.ServerWritableStream<SubscribeRequest__Output, ConfigUpdate>) {
      const turn = journal.count("Subscribe") + 1;
      const refused = begin("Subscribe", call);
      call.on("cancelled", () => (journal.cancelled += 1));
      if (refused !== undefined) call.emit("error", withTime(refused));
      else script.subscribe?.(call, turn);
    },
  });
  if (script.nodes !== undefined) {
    const { nodes } = script;
    server.addService(serviceDefinition("pact.enrollment.EnrollmentService"), {
      ListNodes(call: grpc.ServerUnaryCall<{ vcluster_filter: string }, { nodes: NodeSummary[] }>, done: grpc.sendUnaryData<{ nodes: NodeSummary[] }>) {
        begin("ListNodes", call);
        done(null, { nodes: nodes.filter((node) => call.request.vcluster_filter === "" || node.vcluster_id === call.request.vcluster_filter) }, trailers());
      },
      InspectNode(call: grpc.ServerUnaryCall<{ node_id: string }, NodeSummary>, done: grpc.sendUnaryData<NodeSummary>) {
        const refused = begin("InspectNode", call);
        const found = nodes.find((node) => node.node_id === call.request.node_id);
        if (refused !== undefined) done(withTime(refused));
        else if (found === undefined) done(withTime(refuse(grpc.status.NOT_FOUND, "unknown node")));
        else done(null, found, trailers());
      },
    });
  }
  const bound = await listen(server, port);
  return Object.assign(journal, { url: `http://127.0.0.1:${bound.port}`, port: bound.port, close: bound.close });
}

/** Writes no faster than the wire takes it. */
async function writeAll(call: grpc.ServerWritableStream<unknown, ConfigEntry>, entries: readonly ConfigEntry[], wrote: () => void): Promise<void> {
  for (const one of entries) {
    if (call.cancelled) return;
    wrote();
    if (call.write(one)) continue;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        call.off("drain", go).off("cancelled", go);
        resolve();
      };
      call.on("drain", go).on("cancelled", go);
    });
  }
  call.end();
}

/** The journal's own JSON of what `entry` makes. */
export function entryJson(sequence: number, more: Readonly<Record<string, unknown>> = {}): Buffer {
  return Buffer.from(JSON.stringify({
    sequence, timestamp: new Date((SECONDS + sequence) * 1000).toISOString().replace(".000", ".000456789"), entry_type: "Commit",
    scope: sequence % 3 === 0 ? { Node: "node-001" } : { VCluster: "ml-training" },
    author: { principal: "ops", principal_type: "Human", role: "pact-ops-ml-training" },
    parent: null, state_delta: null, policy_ref: `commit ${sequence}`, ttl_seconds: null, emergency_reason: null, ...more,
  }));
}

export const update = (sequence: number, more: Readonly<Record<string, unknown>> = {}): ConfigUpdate => ({ sequence: String(sequence), timestamp: { seconds: "1795417200", nanos: 0 }, vcluster_change: entryJson(sequence, more) });

/** A TCP server for peers that are no gRPC servers at all. */
export async function startTcp(onSocket: (socket: Socket) => void): Promise<{ port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const server: TcpServer = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    onSocket(socket);
  });
  const port = await new Promise<number>((resolve) => server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    resolve(typeof address === "object" && address !== null ? address.port : 0);
  }));
  return {
    port,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
