// Starts the embedded site's journal: one gRPC and one HTTP server over one log, and closes them without a trace.
import { Server, ServerCredentials, logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import type { Server as HttpServer } from "node:http";
import { serviceDefinition } from "../../contract/load.ts";
import type { Clock, SiteConfig, VerifyToken } from "../parts.ts";
import { audit } from "./audit.ts";
import type { AuditRecord } from "./audit.ts";
import { Calls } from "./calls.ts";
import { ensure } from "./enroll.ts";
import type { SiteNodeFacts } from "./enroll.ts";
import { bootHandlers } from "./handlers/boot.ts";
import { configHandlers } from "./handlers/config.ts";
import { enrollmentHandlers } from "./handlers/enrollment.ts";
import { policyHandlers } from "./handlers/policy.ts";
import { httpServer } from "./http.ts";
import type { Discovery, Mount } from "./http.ts";
import { Journal } from "./journal.ts";

export type { AuditRecord } from "./audit.ts";

export interface JournalOptions {
  /** Folder for the log; made, and set to 0700. */
  readonly dir: string;
  readonly host: string;
  /** 0: any free port. */
  readonly ports: { readonly grpc: number; readonly http: number };
  readonly profile: "embedded" | "real";
  readonly clock: Clock;
  readonly config: SiteConfig;
  readonly verify: VerifyToken;
  readonly discovery: () => Discovery;
  /** Asked first at each HTTP request: true when it takes the request over (the identity provider). */
  readonly mount?: Mount;
}

export interface JournalHandle {
  /** URLs with the real ports. */
  readonly grpc: string;
  readonly http: string;
  /** Enrolls (or refreshes) a node of the site: Active, and in its vCluster unless an operator moved it since. Idempotent. */
  ensureNode(node: SiteNodeFacts): Promise<void>;
  /** Puts a record into the audit log. Resolves when it is on the disk. */
  audit(record: AuditRecord): Promise<void>;
  /** Notes that a node is alive; after 300 s without, it counts as Inactive. */
  heartbeat(nodeId: string): void;
  close(): Promise<void>;
}

const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** How long calls may take to finish once the journal stops. */
const GRACE_MS = 2000;

const OPTIONS = {
  "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
  "grpc.max_send_message_length": -1,
  "grpc.max_concurrent_streams": 1000,
  "grpc.keepalive_time_ms": 30_000,
  "grpc.keepalive_timeout_ms": 10_000,
};

/** Throws when the folder is in use by another process, the log is damaged, or a port is taken. */
export async function startJournal(options: JournalOptions): Promise<JournalHandle> {
  const { host, ports } = options;
  // The package reports a taken port on stderr by itself; whoever starts the site gets the error and says it once.
  setLogVerbosity(logVerbosity.NONE);
  const journal = Journal.open(options);
  const grpc = new Server(OPTIONS);
  const http = httpServer({ journal, discovery: options.discovery, mount: options.mount });
  const shut = async (): Promise<void> => {
    journal.stopStreams();
    await Promise.all([closeGrpc(grpc), closeHttp(http)]);
    await journal.close();
  };
  try {
    const calls = new Calls(journal, options.verify);
    grpc.addService(serviceDefinition("pact.journal.ConfigService"), configHandlers(journal, calls));
    grpc.addService(serviceDefinition("pact.policy.PolicyService"), policyHandlers(journal, calls));
    grpc.addService(serviceDefinition("pact.enrollment.EnrollmentService"), enrollmentHandlers(journal, calls));
    grpc.addService(serviceDefinition("pact.stream.BootConfigService"), bootHandlers(journal, calls));
    const grpcPort = await bindGrpc(grpc, host, ports.grpc);
    const httpPort = await listen(http, host, ports.http);
    return handleOf(journal, { grpc: url(host, grpcPort), http: url(host, httpPort) }, shut);
  } catch (error) {
    await shut();
    throw error;
  }
}

function handleOf(journal: Journal, urls: { grpc: string; http: string }, shut: () => Promise<void>): JournalHandle {
  let closing: Promise<void> | undefined;
  return {
    ...urls,
    async ensureNode(node) {
      ensure(journal, node);
      await journal.store.durable();
    },
    async audit(record) {
      audit(journal, record);
      await journal.store.durable();
    },
    heartbeat(nodeId) {
      if (journal.state.nodes.has(nodeId)) journal.heartbeats.set(nodeId, journal.now());
    },
    close() {
      closing ??= shut();
      return closing;
    },
  };
}

const bracketed = (host: string): string => (host.includes(":") ? `[${host}]` : host);
const url = (host: string, port: number): string => `http://${bracketed(host)}:${port}`;

function bindGrpc(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${bracketed(host)}:${port}`, ServerCredentials.createInsecure(), (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
}

function listen(server: HttpServer, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("the HTTP server has no port"));
      else resolve(address.port);
    });
  });
}

async function closeGrpc(server: Server): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, GRACE_MS);
  });
  await Promise.race([new Promise<void>((resolve) => server.tryShutdown(() => resolve())), late]);
  clearTimeout(timer);
  server.forceShutdown();
}

async function closeHttp(server: HttpServer): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
