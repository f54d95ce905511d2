// Opens a journal in a folder of its own, with clients for its services and tokens anyone can write: JSON in base64.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Metadata, credentials, makeClientConstructor } from "@grpc/grpc-js";
import type { Client, ClientReadableStream, ServiceError } from "@grpc/grpc-js";
import type { MethodDefinition } from "@grpc/proto-loader";
import { serviceDefinition } from "../../../src/contract/load.ts";
import type { ServiceName, Services } from "../../../src/contract/load.ts";
import { testClock } from "../../../src/site/clock.ts";
import type { TestClock } from "../../../src/site/clock.ts";
import type { Caller, SiteConfig } from "../../../src/site/parts.ts";
import { startJournal } from "../../../src/site/journal/server.ts";
import type { JournalHandle, JournalOptions } from "../../../src/site/journal/server.ts";
import type { ConfigEntry } from "../../../src/contract/gen/pact/config/ConfigEntry.ts";
import type { AppendEntryRequest } from "../../../src/contract/gen/pact/journal/AppendEntryRequest.ts";

export const CONFIG: SiteConfig = {
  defaultUser: "admin",
  users: [],
  clients: [],
  vclusters: [
    { name: "ml-training", regulated: false, twoPersonApproval: false },
    { name: "dev-sandbox", regulated: false, twoPersonApproval: false },
    { name: "sensitive-compute", regulated: true, twoPersonApproval: true },
  ],
  nodes: [],
  agent: { whitelistMode: "strict", watchFiles: [], watchSysctl: [], execOutputLimit: 1, execTimeoutS: 1, maxSessions: 1 },
};

const who = (principal: string, role: string, principalType: Caller["principalType"] = "Human"): Caller => ({ principal, role, principalType });
export const ADMIN = who("admin", "pact-platform-admin");
export const ADMIN_TOO = who("root", "pact-platform-admin");
export const OPS = who("ops", "pact-ops-ml-training");
export const VIEWER = who("viewer", "pact-viewer-ml-training");
export const REG_A = who("reg-a", "pact-regulated-sensitive-compute");
export const REG_B = who("reg-b", "pact-regulated-sensitive-compute");
export const AI = who("ai", "pact-service-ai", "Service");
export const AGENT = who("pact-agent", "pact-service-agent", "Agent");

/** A bearer token that the test journal takes. */
export const tokenOf = (caller: Caller): string => Buffer.from(JSON.stringify(caller)).toString("base64url");

export async function verify(token: string): Promise<Caller> {
  if (token === "expired") throw new Error("token expired");
  try {
    return JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
  } catch {
    throw new Error("invalid token");
  }
}

/** Metadata for a call in someone's name. */
export function as(caller: Caller, more: Readonly<Record<string, string>> = {}): Metadata {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${tokenOf(caller)}`);
  for (const [name, value] of Object.entries(more)) metadata.set(name, value);
  return metadata;
}

const CHANNEL = { "grpc.enable_http_proxy": 0, "grpc.max_receive_message_length": -1 };

/** A client for one service of an address "http://host:port". */
export function clientOf<N extends ServiceName>(name: N, url: string): Services[N]["client"] {
  const Client = makeClientConstructor(serviceDefinition(name), name);
  // The constructor is untyped; its methods are those of the definition.
  return new Client(new URL(url).host, credentials.createInsecure(), CHANNEL) as unknown as Services[N]["client"];
}

const NAMES = {
  config: "pact.journal.ConfigService",
  policy: "pact.policy.PolicyService",
  enrollment: "pact.enrollment.EnrollmentService",
  boot: "pact.stream.BootConfigService",
} as const satisfies Readonly<Record<string, ServiceName>>;
type Short = keyof typeof NAMES;
type Definition<S extends Short> = Services[(typeof NAMES)[S]]["definition"];
type Request<S extends Short, M extends keyof Definition<S>> = Definition<S>[M] extends MethodDefinition<infer Req, infer _, infer __, infer ___> ? Req : never;
type Answer<S extends Short, M extends keyof Definition<S>> = Definition<S>[M] extends MethodDefinition<infer _, infer __, infer ___, infer Res> ? Res : never;

/** One unary call as a promise; rejects with the ServiceError. */
export function call<S extends Short, M extends keyof Definition<S> & string>(
  clients: { readonly [K in Short]: Client },
  service: S,
  method: M,
  request: Request<S, M>,
  metadata: Metadata,
): Promise<Answer<S, M>> {
  const { path, requestSerialize, responseDeserialize } = serviceDefinition(NAMES[service])[method] as MethodDefinition<unknown, unknown, unknown, Answer<S, M>>;
  return new Promise((resolve, reject) => {
    clients[service].makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, { deadline: Date.now() + 10_000 }, (error, answer) => {
      if (error !== null) reject(error);
      else if (answer === undefined) reject(new Error("no answer"));
      else resolve(answer);
    });
  });
}

/** Everything a stream sends until it ends. */
export function all<T>(stream: ClientReadableStream<T>): Promise<T[]> {
  return new Promise((resolve, reject) => {
    const got: T[] = [];
    stream.on("data", (message: T) => got.push(message));
    stream.on("error", reject);
    stream.on("end", () => resolve(got));
  });
}

/** The error a promise ends with; fails when it does not. */
export async function refusal(promise: Promise<unknown>): Promise<ServiceError & { failure: string | undefined }> {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && "metadata" in error)) throw error;
    const refused = error as ServiceError;
    return Object.assign(refused, { failure: refused.metadata.get("pact-failure")[0]?.toString() });
  }
  throw new Error("the call was not refused");
}

/** Waits until something holds, at most 10 s. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await new Promise<void>((resolve) => setTimeout(resolve, 5));
  }
}

export interface Opened {
  readonly handle: JournalHandle;
  readonly dir: string;
  readonly clock: TestClock;
  readonly config: Services["pact.journal.ConfigService"]["client"];
  readonly policy: Services["pact.policy.PolicyService"]["client"];
  readonly enrollment: Services["pact.enrollment.EnrollmentService"]["client"];
  readonly boot: Services["pact.stream.BootConfigService"]["client"];
  append(caller: Caller, entry: ConfigEntry, more?: Partial<AppendEntryRequest>): Promise<number>;
  node(id: string, vcluster?: string, observeOnly?: boolean): Promise<void>;
  /** Closes clients and journal, keeps the folder. */
  stop(): Promise<void>;
  /** Closes and starts again on the same folder. */
  again(): Promise<Opened>;
}

export const tempDir = (): string => mkdtempSync(join(tmpdir(), "pact-journal-"));
let nodeNumber = 0;

export async function open(profile: JournalOptions["profile"] = "embedded", dir = tempDir(), clock = testClock(Date.UTC(2026, 0, 1), 0), config = CONFIG): Promise<Opened> {
  const handle = await startJournal({
    dir, host: "127.0.0.1", ports: { grpc: 0, http: 0 }, profile, clock, config, verify,
    discovery: () => ({ idp_url: "http://127.0.0.1:1/oidc", client_id: "pact-cli", scopes: ["openid", "profile"] }),
  });
  const clients = {
    config: clientOf("pact.journal.ConfigService", handle.grpc),
    policy: clientOf("pact.policy.PolicyService", handle.grpc),
    enrollment: clientOf("pact.enrollment.EnrollmentService", handle.grpc),
    boot: clientOf("pact.stream.BootConfigService", handle.grpc),
  };
  const stop = async (): Promise<void> => {
    for (const client of Object.values(clients)) client.close();
    await handle.close();
  };
  return {
    handle, dir, clock, ...clients, stop,
    async append(caller, entry, more = {}) {
      const author = { principal: caller.principal, principal_type: caller.principalType, role: caller.role };
      const answer = await call(clients, "config", "AppendEntry", { entry: { author, ...entry }, ...more }, as(caller));
      return Number(answer.sequence);
    },
    async node(id, vcluster = "ml-training", observeOnly = false) {
      nodeNumber += 1;
      const macAddress = `02:00:00:00:${(nodeNumber >> 8).toString(16).padStart(2, "0")}:${(nodeNumber & 255).toString(16).padStart(2, "0")}`;
      await handle.ensureNode({ nodeId: id, vcluster, macAddress, endpoint: `http://127.77.0.${nodeNumber}:1`, observeOnly });
    },
    async again() {
      await stop();
      return open(profile, dir, clock, config);
    },
  };
}

/** Runs a test on a journal of its own and removes it afterwards. */
export function withJournal(profile: JournalOptions["profile"], run: (journal: Opened) => Promise<void>, config = CONFIG): () => Promise<void> {
  return async () => {
    const journal = await open(profile, tempDir(), testClock(Date.UTC(2026, 0, 1), 0), config);
    try {
      await run(journal);
    } finally {
      await journal.stop();
      journal.clock.close();
      rmSync(journal.dir, { recursive: true, force: true });
    }
  };
}

export const VC = { vcluster_id: "ml-training" };
export const KERNEL = (key: string, value: string) => ({ kernel: [{ key, action: "DELTA_ACTION_MODIFY" as const, declared_value: value }] });
