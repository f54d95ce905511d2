// CollectDiag: the last lines of a node's logs, filtered on the node, bounded in lines and time (LOG1..LOG5).
import { spawn } from "node:child_process";
import { open, stat } from "node:fs/promises";
import type { ServerWritableStream } from "@grpc/grpc-js";
import type { DiagChunk } from "../../contract/gen/pact/shell/DiagChunk.ts";
import type { DiagRequest__Output } from "../../contract/gen/pact/shell/DiagRequest.ts";
import { attended, Visit } from "./call.ts";
import { endSession } from "./children.ts";
import { sealed } from "./descriptors.ts";
import { commandText, type AgentNode } from "./node.ts";
import { resolveInside } from "./paths.ts";
import { asServiceError, Refusal } from "./refusal.ts";
import { findProgram } from "./root.ts";
import { NODE_ENV } from "./run.ts";
import { senderOf } from "./sender.ts";
import { endOfLog, loggedServices } from "./service-log.ts";
import type { Launch } from "./place.ts";

const DEFAULT_LINES = 100;
const MOST_LINES = 10_000;
const MOST_PATTERN = 255;
/** What is read from the end of a log at most, bytes. */
const MOST_BYTES = 8 * 1024 * 1024;
const HELPER_MS = 5000;

type DiagCall = ServerWritableStream<DiagRequest__Output, DiagChunk>;

export function diagHandler(node: AgentNode) {
  return (call: DiagCall): void => {
    const visit = new Visit(node.desk, "pact.shell.ShellService/CollectDiag", call);
    call.on("error", () => {});
    call.sendMetadata(visit.headers());
    const sender = senderOf<DiagChunk>(call, visit.signal);
    void attended(visit, async () => {
      await visit.authenticate();
      visit.require("write");
      const request = await checked(node, call.request);
      visit.target = `node:${node.name} diag ${commandText([request.source, request.service, request.pattern].filter((word) => word !== ""))}`;
      for (const source of await sourcesOf(node, request)) {
        const chunk = await collect(node, source, request);
        if (!sender.send(chunk)) await sender.ready();
        if (sender.gone) return;
      }
    }).then((end) => {
      if ("refusal" in end) call.emit("error", asServiceError(end.refusal, visit.time));
      else call.end(visit.headers());
    });
  };
}

interface Wanted {
  readonly source: string;
  readonly service: string;
  readonly pattern: string;
  readonly lines: number;
}

async function checked(node: AgentNode, request: DiagRequest__Output): Promise<Wanted> {
  const { source_filter: source, service_name: service, grep_pattern: pattern, line_limit: limit } = request;
  if (service !== "" && (!/^[A-Za-z0-9][A-Za-z0-9._@-]*$/.test(service) || service.includes(".."))) throw new Refusal("invalid", "invalid service name");
  if (limit > MOST_LINES && node.profile === "embedded") throw new Refusal("invalid", `at most ${MOST_LINES} lines a source`);
  if (Buffer.byteLength(pattern) > MOST_PATTERN) throw new Refusal("invalid", `invalid grep pattern: longer than ${MOST_PATTERN} bytes`);
  if (pattern !== "" && (/[\n\0]/.test(pattern) || (await matching([], pattern)) === undefined)) throw new Refusal("invalid", "invalid grep pattern");
  return { source: source === "" ? "all" : source, service, pattern, lines: limit === 0 ? DEFAULT_LINES : Math.min(limit, MOST_LINES) };
}

async function sourcesOf(node: AgentNode, { source, service }: Wanted): Promise<string[]> {
  const system = source === "all" || source === "system" ? ["dmesg", "syslog"] : [];
  if (source !== "all" && source !== "service") return system;
  if (service !== "") return [...system, `service:${service}`];
  const defined = (await node.supervisor?.statuses())?.map(({ definition }) => definition.name) ?? [];
  const logged = node.kind === "host" ? [] : await loggedServices(node.place.root);
  return [...system, ...[...new Set([...defined, ...logged])].sort().map((name) => `service:${name}`)];
}

async function collect(node: AgentNode, source: string, wanted: Wanted): Promise<DiagChunk> {
  const all = await textOf(node, source, wanted);
  const lines = all.text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const last = lines.slice(-wanted.lines);
  const truncated = all.more || lines.length > last.length;
  const kept = wanted.pattern === "" ? last : await matching(last, wanted.pattern);
  return { source, lines: kept ?? [], truncated: truncated || kept === undefined };
}

interface Text {
  readonly text: string;
  /** Whether there was more than was read. */
  readonly more: boolean;
}

async function textOf(node: AgentNode, source: string, { lines }: Wanted): Promise<Text> {
  if (source === "dmesg") return output(node, "dmesg", []);
  if (source === "syslog") {
    const first = await endOf(node, "/var/log/syslog");
    return first ?? (await endOf(node, "/var/log/messages")) ?? { text: "", more: false };
  }
  const service = source.slice("service:".length);
  if (node.kind === "host") return output(node, "journalctl", ["-u", service, "--no-pager", "-n", String(lines)]);
  return endOfLog(node.place.root, service, MOST_BYTES);
}

/** The end of a plain file of the node; links are followed inside it only. */
async function endOf(node: AgentNode, path: string): Promise<Text | undefined> {
  const view = node.place.view();
  const real = view + resolveInside(view, path);
  try {
    const { size } = await stat(real).then((found) => (found.isFile() ? found : Promise.reject(new Error("not a file"))));
    const file = await open(real, "r");
    try {
      const length = Math.min(size, MOST_BYTES);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
      return { text: buffer.subarray(0, bytesRead).toString("utf8"), more: size > length };
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

async function output(node: AgentNode, command: string, args: readonly string[]): Promise<Text> {
  const program = findProgram(command);
  if (program === undefined) return { text: "", more: false };
  const end = await helper(await node.place.launch(program, args), "");
  return { text: end.stdout, more: end.late };
}

/** The lines that match; undefined when the pattern is none or takes too long. A process of its own, so that a hostile pattern only hurts itself. */
async function matching(lines: readonly string[], pattern: string): Promise<string[] | undefined> {
  const program = findProgram("grep");
  if (program === undefined) throw new Refusal("unsupported", "grep is not installed on this machine");
  const end = await helper({ file: program, args: ["-a", "-E", "-e", pattern], cwd: "/" }, lines.map((line) => `${line}\n`).join(""));
  if (end.late || end.code === 2 || end.code === null) return undefined;
  return end.stdout.split("\n").slice(0, -1);
}

async function helper(launch: Launch, input: string): Promise<{ code: number | null; stdout: string; late: boolean }> {
  const child = spawn(launch.file, launch.args, { cwd: launch.cwd, env: NODE_ENV, stdio: sealed("pipe", "pipe", "ignore"), detached: true });
  let late = false;
  const chunks: Buffer[] = [];
  let bytes = 0;
  const stop = (): void => {
    late = true;
    if (child.pid !== undefined) void endSession(child.pid, 0);
  };
  const timer = setTimeout(stop, HELPER_MS);
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  child.stdout.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) stop();
    else chunks.push(chunk);
  });
  const code = await new Promise<number | null>((resolve) => {
    child.on("error", () => resolve(null));
    child.on("close", (status) => resolve(status));
  });
  clearTimeout(timer);
  return { code, stdout: Buffer.concat(chunks).toString("utf8"), late };
}
