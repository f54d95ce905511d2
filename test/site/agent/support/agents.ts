// Agents on a temp folder and loopback ports, and clients that speak to them as a test would.
import { mkdtempSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { credentials, makeClientConstructor, Metadata, type ServiceError } from "@grpc/grpc-js";
import { serviceDefinition, type ServiceName, type Services } from "../../../../src/contract/load.ts";
import type { ExecOutput__Output } from "../../../../src/contract/gen/pact/shell/ExecOutput.ts";
import type { NodeState__Output } from "../../../../src/contract/gen/pact/site/NodeState.ts";
import type { NodeStateRequest } from "../../../../src/contract/gen/pact/site/NodeStateRequest.ts";
import type { AuditRecord } from "../../../../src/site/journal/audit.ts";
import type { Caller, Clock, SiteConfig } from "../../../../src/site/parts.ts";
import { testClock } from "../../../../src/site/clock.ts";
import { startAgents, type AgentsHandle } from "../../../../src/site/agent/server.ts";
import { fakeJournal, type FakeJournal } from "./journal.ts";

export const VCLUSTER = "ml-training";
export const NODE = "node-001";
export const HOST = hostname().replace(/[^A-Za-z0-9._-]/g, "-");

export interface Bench {
  readonly agents: AgentsHandle;
  readonly journal: FakeJournal;
  readonly audit: AuditRecord[];
  readonly dir: string;
  readonly clock: Clock & { advance(ms: number): void };
  client<N extends ServiceName>(name: N, node?: string): Services[N]["client"];
  /** Starts the agents again on the same folder. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface BenchOptions {
  readonly profile?: "embedded" | "real";
  readonly bare?: boolean;
  readonly nodes?: readonly ("host" | "virtual")[];
  readonly agent?: Partial<SiteConfig["agent"]>;
  readonly forbiddenPaths?: readonly string[];
}

/** Why this machine cannot have namespaces, or null. */
export { namespacesMissing } from "../../../../src/site/agent/namespace.ts";

export async function openBench(options: BenchOptions = {}): Promise<Bench> {
  const journal = await fakeJournal();
  const dir = mkdtempSync(join(tmpdir(), "pact-agent-"));
  const audit: AuditRecord[] = [];
  const clients: { close(): void }[] = [];
  const clock = movedClock();
  const start = (): Promise<AgentsHandle> => startAgents({
    dir,
    nodes: (options.nodes ?? ["virtual"]).map((kind, index) => ({
      name: kind === "host" ? HOST : `node-00${index + 1}`, vcluster: VCLUSTER, kind, address: `127.77.1.${index + 1}`, port: 0,
    })),
    profile: options.profile ?? "embedded",
    bare: options.bare ?? false,
    clock,
    config: siteConfig(options.agent),
    verify,
    journal: { grpc: `http://127.0.0.1:${journal.port}`, token: async () => "agent" },
    audit: async (record) => void audit.push(record),
    forbiddenPaths: [dir, ...(options.forbiddenPaths ?? [])],
  });
  let agents = await start();
  return {
    get agents() {
      return agents;
    },
    journal,
    audit,
    dir,
    clock,
    client(name, node = NODE) {
      const Client = makeClientConstructor(serviceDefinition(name), name);
      const url = agents.endpoints.get(node)?.replace("http://", "") ?? "";
      const made = new Client(url, credentials.createInsecure(), { "grpc.enable_http_proxy": 0, "grpc.use_local_subchannel_pool": 1, "grpc.max_receive_message_length": 32 * 1024 * 1024 });
      clients.push(made);
      return made as unknown as Services[typeof name]["client"];
    },
    async restart() {
      await agents.close();
      agents = await start();
    },
    async close() {
      for (const one of clients) one.close();
      await agents.close();
      await journal.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function siteConfig(agent: Partial<SiteConfig["agent"]> = {}): SiteConfig {
  return {
    defaultUser: "admin",
    users: [],
    clients: [],
    vclusters: [{ name: VCLUSTER, regulated: false, twoPersonApproval: false }],
    nodes: [],
    agent: {
      whitelistMode: "strict", watchFiles: ["/etc/**"], watchSysctl: [], execOutputLimit: 10 * 1024 * 1024, execTimeoutS: 20, maxSessions: 10, ...agent,
    },
  };
}

function movedClock(): Clock & { advance(ms: number): void } {
  return testClock();
}

/** The bearer is the caller as JSON, or the phrase of its refusal. */
async function verify(token: string): Promise<Caller> {
  if (!token.startsWith("{")) throw new Error(token);
  const caller: Caller = JSON.parse(token);
  return caller;
}

export const ops: Caller = { principal: "ops", principalType: "Human", role: `pact-ops-${VCLUSTER}` };
export const viewer: Caller = { principal: "viewer", principalType: "Human", role: `pact-viewer-${VCLUSTER}` };
export const admin: Caller = { principal: "admin", principalType: "Human", role: "pact-platform-admin" };
export const ai: Caller = { principal: "ai", principalType: "Agent", role: "pact-service-ai" };

export function as(caller: Caller | string): Metadata {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${typeof caller === "string" ? caller : JSON.stringify(caller)}`);
  return metadata;
}

export interface ExecEnd {
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly exitCode: number | undefined;
  /** In-stream error. */
  readonly said: string | undefined;
  readonly error: ServiceError | undefined;
  readonly headers: Metadata | undefined;
  readonly trailers: Metadata | undefined;
}

/** `seen` is told of each message as it comes. */
export async function exec(
  bench: Bench, caller: Caller | string | Metadata, words: readonly string[], node?: string, seen?: (message: ExecOutput__Output, cancel: () => void) => void,
): Promise<ExecEnd> {
  const [command = "", ...args] = words;
  const metadata = caller instanceof Metadata ? caller : as(caller);
  const call = bench.client("pact.shell.ShellService", node).Exec({ command, args }, metadata, { deadline: Date.now() + 25_000 });
  const stdout: Buffer[] = [];
  let stderr = "";
  let exitCode: number | undefined;
  let said: string | undefined;
  let error: ServiceError | undefined;
  let headers: Metadata | undefined;
  let trailers: Metadata | undefined;
  call.on("metadata", (received) => (headers = received));
  call.on("data", (message: ExecOutput__Output) => {
    if (message.stdout != null) stdout.push(message.stdout);
    if (message.stderr != null) stderr += message.stderr.toString("utf8");
    if (message.exit_code != null && message.output === "exit_code") exitCode = message.exit_code;
    if (message.output === "error") said = message.error ?? "";
    seen?.(message, () => call.cancel());
  });
  await new Promise<void>((resolve) => {
    call.on("error", (thrown: ServiceError) => { error = thrown; });
    call.on("status", (end) => { trailers = end.metadata; resolve(); });
  });
  return { stdout: Buffer.concat(stdout), stderr, exitCode, said, error, headers, trailers };
}

/** The name in the pact-failure trailer. */
export function failureOf(end: { readonly error: ServiceError | undefined }): string | undefined {
  const value = end.error?.metadata.get("pact-failure")[0];
  return value === undefined ? undefined : String(value);
}

export async function nodeState(bench: Bench, request: NodeStateRequest, node?: string, caller: Caller = viewer): Promise<NodeState__Output> {
  const client = bench.client("pact.site.NodeStateService", node);
  return new Promise((resolve, reject) => {
    client.GetNodeState(request, as(caller), { deadline: Date.now() + 10_000 }, (error, answer) =>
      error !== null || answer === undefined ? reject(error ?? new Error("no answer")) : resolve(answer));
  });
}

/** Waits until something is so; the condition may throw until then. */
export async function until<T>(what: string, look: () => T | Promise<T>, ms = 10_000): Promise<NonNullable<T>> {
  const end = Date.now() + ms;
  for (;;) {
    const value = await look();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

export { processesWith } from "../../../support/processes.ts";
