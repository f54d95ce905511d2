// A journal whose entries and nodes are made as they are asked for, so that it can claim millions.
import * as grpc from "@grpc/grpc-js";
import type { ConfigEntry } from "../../../src/contract/gen/pact/config/ConfigEntry.ts";
import type { NodeSummary } from "../../../src/contract/gen/pact/enrollment/NodeSummary.ts";
import type { ListEntriesRequest__Output } from "../../../src/contract/gen/pact/journal/ListEntriesRequest.ts";
import { serviceDefinition } from "../../../src/contract/load.ts";
import { listen, refuse } from "../../client/support/servers.ts";
import { pour } from "./pour.ts";

export interface Lies {
  readonly ours: boolean;
  /** What ListEntries streams, whatever it was asked. */
  readonly list?: (request: ListEntriesRequest__Output) => Iterable<ConfigEntry>;
  /** undefined: there is none. */
  readonly get?: (sequence: number) => ConfigEntry | undefined;
  readonly nodes?: readonly NodeSummary[];
  /** What it says the time is. */
  readonly time?: string;
}

export async function startLyingJournal(lies: Lies): Promise<{ readonly url: string; close(): void }> {
  const server = new grpc.Server({ "grpc.max_send_message_length": -1 });
  const head = (): grpc.Metadata => {
    const metadata = new grpc.Metadata();
    if (lies.ours) metadata.set("pact-time", lies.time ?? "2026-11-23T07:00:00.000Z");
    return metadata;
  };
  server.addService(serviceDefinition("pact.journal.ConfigService"), {
    ListEntries(call: grpc.ServerWritableStream<ListEntriesRequest__Output, ConfigEntry>) {
      call.on("error", () => {});
      call.sendMetadata(head());
      void pour(call, lies.list?.(call.request) ?? []);
    },
    GetEntry(call: grpc.ServerUnaryCall<{ sequence: string }, ConfigEntry>, done: grpc.sendUnaryData<ConfigEntry>) {
      call.sendMetadata(head());
      const found = lies.get?.(Number(call.request.sequence));
      if (found === undefined) done(refuse(grpc.status.NOT_FOUND, "entry not found"));
      else done(null, found);
    },
  });
  server.addService(serviceDefinition("pact.enrollment.EnrollmentService"), {
    ListNodes(call: grpc.ServerUnaryCall<unknown, { nodes: readonly NodeSummary[] }>, done: grpc.sendUnaryData<{ nodes: readonly NodeSummary[] }>) {
      call.sendMetadata(head());
      done(null, { nodes: lies.nodes ?? [] });
    },
  });
  const { port, close } = await listen(server);
  return { url: `http://127.0.0.1:${port}`, close };
}
