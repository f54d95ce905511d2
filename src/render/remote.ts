// What programs on nodes print: bytes to bytes where nobody looks, harmless text
// on a terminal, one object a node in JSON.
import { type Chunk, PactError } from "../api/index.ts";
import type { Sink } from "../core/sink.ts";
import { renderFailure } from "./failure.ts";
import { csv, pick, yaml } from "./machine.ts";
import type { RenderSettings, Rendered } from "./settings.ts";
import { TerminalFilter } from "./visible.ts";

/** Most bytes of one stream of one node that JSON carries; beyond it the rest is dropped and `truncated` set. A control character takes six there. */
const MAX_COLLECTED = 16 * 1024 * 1024;

/** A place for one stream: filtered on a terminal, untouched elsewhere. */
function remoteSink(sink: Sink): { write(bytes: Uint8Array): Promise<void>; end(): Promise<void> } {
  if (sink.width === undefined) return { write: (bytes) => sink.write(bytes), end: async () => {} };
  const filter = new TerminalFilter();
  let colored = false;
  return {
    async write(bytes) {
      const text = filter.push(bytes);
      colored ||= text.includes("\u001b[");
      if (text !== "") await sink.write(text);
    },
    async end() {
      const text = filter.end() + (colored ? "\u001b[0m" : "");
      if (text !== "") await sink.write(text);
    },
  };
}

/** The problem that stands for a command that ended badly; undefined when it ended well. */
function endProblem(chunk: Chunk): PactError | undefined {
  if ("problem" in chunk) return chunk.problem;
  if (!("exit" in chunk) || (chunk.exit === 0 && chunk.signal === null)) return undefined;
  const how = chunk.signal !== null ? `killed by ${chunk.signal}` : `exit ${chunk.exit}`;
  return new PactError("remoteExit", `${chunk.node}: ${how}`, { node: chunk.node, exitCode: chunk.exit });
}

/** Streams as it comes: stdout to out, stderr to err. */
export async function remoteText(chunks: AsyncIterable<Chunk>, settings: RenderSettings): Promise<Rendered> {
  const out = remoteSink(settings.out);
  const err = remoteSink(settings.err);
  const problems: PactError[] = [];
  let answered = 0;
  try {
    for await (const chunk of chunks) {
      if ("stream" in chunk) await (chunk.stream === "stdout" ? out : err).write(chunk.bytes);
      else {
        answered++;
        const problem = endProblem(chunk);
        if (problem !== undefined) problems.push(problem);
      }
    }
  } finally {
    await out.end();
    await err.end();
  }
  for (const problem of problems) await renderFailure(problem, settings);
  return { answered, problems };
}

/** What a stream said so far. Copied: a piece may be one byte of a large message that would stay with it. */
class Collected {
  #kept = new Uint8Array(0);
  #size = 0;
  truncated = false;

  push(bytes: Uint8Array): void {
    const room = MAX_COLLECTED - this.#size;
    if (bytes.length > room) this.truncated = true;
    const kept = bytes.length > room ? bytes.subarray(0, room) : bytes;
    const size = this.#size + kept.length;
    if (size > this.#kept.length) {
      const larger = new Uint8Array(Math.min(MAX_COLLECTED, Math.max(size, this.#kept.length * 2)));
      larger.set(this.#kept.subarray(0, this.#size));
      this.#kept = larger;
    }
    this.#kept.set(kept, this.#size);
    this.#size = size;
  }

  bytes(): Buffer {
    return Buffer.from(this.#kept.buffer, 0, this.#size);
  }
}

const isUtf8 = (bytes: Uint8Array): boolean => {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
};

const STATUS: Readonly<Record<string, string>> = {
  notWhitelisted: "refused", policy: "refused", forbidden: "refused", unauthenticated: "refused",
  connection: "unreachable", agentTimeout: "timeout", interrupted: "cancelled",
};

/** One object a node, in an array (or a line each). */
export async function remoteJson(chunks: AsyncIterable<Chunk>, settings: RenderSettings): Promise<Rendered> {
  const nodes = new Map<string, { stdout: Collected; stderr: Collected }>();
  const of = (node: string) => {
    const known = nodes.get(node) ?? { stdout: new Collected(), stderr: new Collected() };
    nodes.set(node, known);
    return known;
  };
  const rows: object[] = [];
  const problems: PactError[] = [];
  for await (const chunk of chunks) {
    const collected = of(chunk.node);
    if ("stream" in chunk) {
      collected[chunk.stream].push(chunk.bytes);
      continue;
    }
    const problem = endProblem(chunk);
    if (problem !== undefined) problems.push(problem);
    rows.push(remoteRow(chunk, problem, collected.stdout, collected.stderr));
    nodes.delete(chunk.node);
  }
  const picked = rows.map((row) => pick(row, settings.fields));
  const { out, format } = settings;
  if (format === "csv") await out.write(csv(picked));
  else if (format === "yaml") await out.write(await yaml(picked));
  else if (format === "ndjson") for (const row of picked) await out.write(`${JSON.stringify(row)}\n`);
  else {
    // Row by row: a row may be large.
    for (const [index, row] of picked.entries()) await out.write(`${index === 0 ? "[\n" : ",\n"}  ${JSON.stringify(row)}`);
    await out.write(picked.length === 0 ? "[\n\n]\n" : "\n]\n");
  }
  for (const problem of problems) await renderFailure(problem, settings);
  return { answered: rows.length, problems };
}

function remoteRow(chunk: Exclude<Chunk, { stream: unknown }>, problem: PactError | undefined, stdout: Collected, stderr: Collected): object {
  const out = stdout.bytes();
  const err = stderr.bytes();
  const utf8 = isUtf8(out) && isUtf8(err);
  const encode = (bytes: Buffer): string => bytes.toString(utf8 ? "utf8" : "base64");
  return {
    nodeId: chunk.node,
    status: problem === undefined ? "ok" : STATUS[problem.failure] ?? "failed",
    exitCode: "exit" in chunk ? chunk.exit : null,
    signal: "exit" in chunk ? chunk.signal : null,
    stdout: encode(out),
    stderr: encode(err),
    encoding: utf8 ? "utf-8" : "base64",
    truncated: stdout.truncated || stderr.truncated || ("exit" in chunk && chunk.truncated === true),
    durationMs: Math.round(chunk.durationMs),
    error: problem === undefined || problem.failure === "remoteExit" ? null : problem.message,
  };
}
