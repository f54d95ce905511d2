// Which node a command means when none is typed, and whether a vCluster exists.
import { type Call, PactError } from "pact/api";

/** The typed node, else the current one; usage failure when there is neither. Reads may fall back to this host. */
export function nodeFor(call: Pick<Call, "scope">, typed: string | undefined, command: string): string {
  const node = typed ?? call.scope.node?.value;
  if (node === undefined) {
    throw new PactError("usage", `${command}: no node given and none is current`, { hint: `pact ${command} NODE` });
  }
  return node;
}

/**
 * Fails when no node anybody may see belongs to the vCluster: a name that was mistyped must
 * not look like one that is empty. The journal keeps no list of vClusters; nodes are what tells.
 */
export async function knownVcluster(call: Pick<Call, "enrollment" | "catalog" | "signal">, name: string): Promise<void> {
  const nodes = await (await call.enrollment()).list({}, call.signal);
  const known = [...new Set(nodes.flatMap(({ vcluster }) => vcluster ?? []))].sort();
  if (known.includes(name)) return;
  throw new PactError("notFound", `no vCluster called ${name} has nodes that you may see`, {
    hint: known.length === 0 ? undefined : `one of ${known.join(", ")}`,
  });
}
