// A client with the settings a test cares about, and ways to wait and to catch.
import * as assert from "uvu/assert";
import { PactError, type Chunk, type FailureName, type Principal } from "../../../src/api/index.ts";
import { connect, type Client, type ClientOptions } from "../../../src/client/connect.ts";

export const OPS: Principal = { principal: "ops", type: "human", role: "pact-ops-ml-training" };

export interface TestClient extends Client {
  readonly notes: string[];
  readonly debugged: string[];
  readonly times: Date[];
}

export function testClient(url: string, more: Partial<ClientOptions> = {}): TestClient {
  const notes: string[] = [];
  const debugged: string[] = [];
  const times: Date[] = [];
  let ids = 0;
  const client = connect({
    journal: { value: url, from: "flag", where: "--endpoint" },
    tls: {},
    agents: { map: {}, template: "http://{node}:9445", requireTls: false, origins: { map: "[agents] in cli.toml", template: "default" } },
    localNode: undefined,
    token: { token: async () => "t0ken", refresh: async () => undefined },
    principal: async () => OPS,
    timeoutMs: 5_000,
    nodeTimeoutMs: 2_000,
    requestId: () => `req-${(ids += 1)}`,
    note: (line) => notes.push(line),
    debug: (line) => debugged.push(line),
    serverTime: (time) => times.push(time),
    ...more,
  });
  return Object.assign(client, { notes, debugged, times });
}

export const never = (): AbortSignal => new AbortController().signal;

export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of source) all.push(one);
  return all;
}

/** The PactError a promise fails with; fails the test when it does not. */
export async function failure(promise: Promise<unknown>, expected?: FailureName): Promise<PactError> {
  try {
    await promise;
  } catch (thrown) {
    if (!(thrown instanceof PactError)) throw thrown;
    if (expected !== undefined) assert.is(thrown.failure, expected, `${thrown.message} (${thrown.about.reason ?? ""})`);
    return thrown;
  }
  return assert.unreachable("it should have failed") as never;
}

/** Matches a text that may be missing. */
export const matches = (text: string | undefined, words: RegExp): void => assert.match(text ?? "(nothing)", words);

/** Waits until a condition holds; fails after a while. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** What a run printed, and how it ended. */
export function summary(chunks: readonly Chunk[]): { stdout: string; stderr: string; exit: number | undefined; signal: string | null; problem: PactError | undefined } {
  const text = (stream: "stdout" | "stderr"): string =>
    Buffer.concat(chunks.flatMap((chunk) => ("stream" in chunk && chunk.stream === stream ? [chunk.bytes] : []))).toString();
  const end = chunks.at(-1);
  return {
    stdout: text("stdout"),
    stderr: text("stderr"),
    exit: end !== undefined && "exit" in end ? end.exit : undefined,
    signal: end !== undefined && "exit" in end ? end.signal : null,
    problem: end !== undefined && "problem" in end ? end.problem : undefined,
  };
}
