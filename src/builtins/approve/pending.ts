// Approvals as operators see them: those that still wait, by an id or the beginning of one.
import { type Approval, type Call, PactError } from "pact/api";

/** Characters of an id, behind `ap-`, that must be typed at least. */
const LEAST = 4;

/** What waits now, by the caller's clock too: stock journals never let one expire. */
export const isPending = ({ status, expiresAt }: Approval, now: number): boolean => status === "pending" && expiresAt.getTime() > now;

/** vCluster an approval belongs to: its own, or its node's where that is known; null for neither. */
export function vclusterOf({ scope }: Approval, nodes: ReadonlyMap<string, string | null>): string | null {
  if (scope.startsWith("vc:")) return scope.slice(3);
  return scope.startsWith("node:") ? (nodes.get(scope.slice(5)) ?? null) : null;
}

/** Where the nodes of some approvals are; asked only when one is about a node, and left open when the journal keeps no nodes. */
export async function placesOf(call: Pick<Call, "enrollment" | "signal">, approvals: readonly Approval[]): Promise<ReadonlyMap<string, string | null>> {
  if (!approvals.some(({ scope }) => scope.startsWith("node:"))) return new Map();
  try {
    const nodes = await (await call.enrollment()).list({}, call.signal);
    return new Map(nodes.map(({ nodeId, vcluster }) => [nodeId, vcluster]));
  } catch (error) {
    call.signal.throwIfAborted();
    if (error instanceof PactError && error.failure === "unsupported") return new Map();
    throw error;
  }
}

const bare = (id: string): string => id.replace(/^ap-/, "");

/** The approval that is meant: a whole id, or a beginning that only one has. Throws notFound, or usage when several have it. */
export async function named(call: Pick<Call, "policy" | "signal">, typed: string): Promise<Approval> {
  const all = await (await call.policy()).approvals(call.signal);
  const exact = all.find(({ approvalId }) => approvalId === typed);
  if (exact !== undefined) return exact;
  const beginning = bare(typed);
  const fitting = beginning.length < LEAST ? [] : all.filter(({ approvalId }) => bare(approvalId).startsWith(beginning));
  const [only, ...others] = fitting;
  if (only === undefined) {
    const short = beginning.length < LEAST ? `at least ${LEAST} characters of an id are needed` : undefined;
    throw new PactError("notFound", `there is no approval ${typed}`, { reason: short, hint: "pact approve list" });
  }
  if (others.length > 0) {
    throw new PactError("usage", `several approvals begin with ${typed}: ${fitting.map(({ approvalId }) => approvalId).join(", ")}`, { hint: `pact approve list` });
  }
  return only;
}
