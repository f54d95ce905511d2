// The nodes' agents: a bounded number is asked at once, and those with the same answer share a line.
import { type AgentAnswer, type Finding, type NodeRecord, type Probe, PactError, asPactError, fanout, finding } from "pact/api";
import type { Deadlines } from "./within.ts";

const { failed, ok, skipped, warn } = finding;

/** More are counted and not asked. */
const MOST = 50;
const AT_ONCE = 16;
/** All of them together, in ms. */
const WHOLE_MS = 3_800;

interface Asked extends AgentAnswer {
  /** One that never came up is no surprise. */
  readonly expected: boolean;
}

const nameOf = (node: NodeRecord | string): string => (typeof node === "string" ? node : node.nodeId);
const isRevoked = (node: NodeRecord | string): boolean => typeof node !== "string" && node.enrollmentState === "revoked";

export async function agentFindings(probe: Probe, deadlines: Deadlines, all: readonly (NodeRecord | string)[], signal: AbortSignal): Promise<readonly Finding[]> {
  const present = all.filter((node) => !isRevoked(node)).sort((a, b) => nameOf(a).localeCompare(nameOf(b), "en", { numeric: true }));
  const some = present.slice(0, MOST);
  if (some.length === 0) return [skipped("agents", "there is no node to ask")];
  const limitMs = WHOLE_MS / Math.ceil(some.length / AT_ONCE);
  const asked: Asked[] = [];
  for await (const answer of fanout(some, AT_ONCE, (node) => askOne(probe, deadlines, node, limitMs))) asked.push(answer);
  signal.throwIfAborted();
  const order = new Map(some.map((node, at) => [nameOf(node), at]));
  asked.sort((a, b) => (order.get(a.node) ?? 0) - (order.get(b.node) ?? 0));
  const rest = present.length > some.length ? ` (${present.length - some.length} more were not asked)` : "";
  return folded(asked).flatMap((group) => groupFinding(group, asked.length, rest) ?? []);
}

async function* askOne(probe: Probe, deadlines: Deadlines, node: NodeRecord | string, limitMs: number): AsyncGenerator<Asked> {
  const expected = typeof node === "string" || node.enrollmentState === "active";
  const late = (ms: number): PactError => new PactError("agentTimeout", `no answer in ${(ms / 1000).toFixed(1)} s`);
  try {
    yield { ...(await deadlines.within(late, (signal) => probe.agent(node, signal), limitMs)), expected };
  } catch (error) {
    yield { node: nameOf(node), address: typeof node === "string" || node.agentEndpoint === null ? null : { value: node.agentEndpoint, from: "site", where: "the journal" }, problem: asPactError(error), expected };
  }
}

/** Why one gives no answer, without the name and the address, which are told beside it. */
function whyOf({ node, address, problem }: Asked): string {
  if (problem === null) return "";
  const whole = problem.about.reason === undefined ? problem.message : `${problem.message}: ${problem.about.reason}`;
  return whole.replace(` of ${node}`, "").replace(` at ${address?.value ?? ""}`, "").replace(/(?:: |; )address from .*$/u, "");
}

/** Those that differ in nothing but their names and addresses, together; the good ones first. */
function folded(asked: readonly Asked[]): readonly (readonly Asked[])[] {
  const groups = new Map<string, Asked[]>();
  for (const one of asked) {
    const key = JSON.stringify([one.problem?.failure ?? "", one.expected, one.address?.where, whyOf(one)]);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].sort((a, b) => Number((a[0]?.problem ?? null) !== null) - Number((b[0]?.problem ?? null) !== null));
}

function groupFinding(group: readonly Asked[], of: number, rest: string): Finding | undefined {
  const [first] = group;
  if (first === undefined) return undefined;
  const { address, problem } = first;
  const names = group.map((one) => (one.address === null ? one.node : `${one.node} ${one.address.value}`)).join(", ");
  const origin = address === null ? "" : `, address from ${address.where}`;
  const count = `${group.length} of ${of}`;
  if (problem === null) return ok("agents", `${count} ${group.length === 1 ? "answers" : "answer"}${rest}: ${names}${origin}`);
  const detail = `${count} ${group.length === 1 ? "fails" : "fail"}${rest}: ${names}${origin}; ${whyOf(first)}`;
  if (!first.expected) return warn("agents", `${detail}; not active yet, or no longer`, "pact status");
  return { ...failed("agents", problem, "look at the agent there, or set its address in [agents] of cli.toml"), detail };
}
