// The agents' connection to the journal: one channel for all nodes of the process.
// Every call has a deadline and the agents' own token.
import { credentials, makeClientConstructor, Metadata, status, type ServiceError } from "@grpc/grpc-js";
import { serviceDefinition, type ServiceName, type Services } from "../../contract/load.ts";
import type { ConfigEntry, ConfigEntry__Output } from "../../contract/gen/pact/config/ConfigEntry.ts";
import type { ConfigUpdate__Output } from "../../contract/gen/pact/stream/ConfigUpdate.ts";
import { AUTHORIZATION } from "../../contract/metadata.ts";

/** Longest wait for the journal in one unary call. */
const CALL_MS = 3000;

const CHANNEL = {
  "grpc.enable_http_proxy": 0,
  "grpc.keepalive_time_ms": 20_000,
  "grpc.keepalive_timeout_ms": 5_000,
  "grpc.max_receive_message_length": 16 * 1024 * 1024,
  "grpc.initial_reconnect_backoff_ms": 200,
  "grpc.max_reconnect_backoff_ms": 5_000,
} as const;

export interface JournalLink {
  /** Appends once; `requestId` makes a repeat harmless. Answers the sequence; throws a ServiceError. */
  append(entry: ConfigEntry, requestId: string): Promise<string>;
  entry(sequence: string): Promise<ConfigEntry__Output>;
  /** Everything from a sequence on, until the signal or the end of the stream; throws a ServiceError. */
  updates(from: string, signal: AbortSignal, onUpdate: (update: ConfigUpdate__Output) => void): Promise<void>;
  close(): void;
}

/** Whether repeating the same append later can help. */
export function mayPass(error: unknown): boolean {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return code !== status.INVALID_ARGUMENT && code !== status.FAILED_PRECONDITION && code !== status.PERMISSION_DENIED;
}

function clientOf<N extends ServiceName>(name: N, target: string): Services[N]["client"] {
  const Client = makeClientConstructor(serviceDefinition(name), name);
  // The constructor is made from the definition whose client type this is.
  return new Client(target, credentials.createInsecure(), CHANNEL) as unknown as Services[N]["client"];
}

/** `grpc` is the journal's URL or host:port. */
export function openJournalLink(grpc: string, token: () => Promise<string>): JournalLink {
  const target = grpc.replace(/^https?:\/\//, "").replace(/\/$/, "");
  const config = clientOf("pact.journal.ConfigService", target);
  const boot = clientOf("pact.stream.BootConfigService", target);
  const metadata = async (): Promise<Metadata> => {
    const headers = new Metadata();
    headers.set(AUTHORIZATION, `Bearer ${await token()}`);
    return headers;
  };
  const options = (): { deadline: number } => ({ deadline: Date.now() + CALL_MS });
  return {
    async append(entry, requestId) {
      const headers = await metadata();
      return new Promise((resolve, reject) => {
        config.AppendEntry({ entry, request_id: requestId }, headers, options(), (error: ServiceError | null, answer) =>
          error !== null || answer === undefined ? reject(error ?? new Error("no answer")) : resolve(answer.sequence));
      });
    },
    async entry(sequence) {
      const headers = await metadata();
      return new Promise((resolve, reject) => {
        config.GetEntry({ sequence }, headers, options(), (error: ServiceError | null, answer) =>
          error !== null || answer === undefined ? reject(error ?? new Error("no answer")) : resolve(answer));
      });
    },
    async updates(from, signal, onUpdate) {
      const headers = await metadata();
      if (signal.aborted) return;
      const stream = boot.SubscribeConfigUpdates({ node_id: "", vcluster_id: "", from_sequence: from }, headers);
      const cancel = (): void => stream.cancel();
      signal.addEventListener("abort", cancel, { once: true });
      try {
        await new Promise<void>((resolve, reject) => {
          stream.on("data", onUpdate);
          stream.on("error", (error) => (signal.aborted ? resolve() : reject(error)));
          stream.on("end", resolve);
        });
      } finally {
        signal.removeEventListener("abort", cancel);
      }
    },
    close() {
      config.close();
      boot.close();
    },
  };
}
