// Which node a command means when none is typed.
import { type Call, PactError } from "pact/api";

/** The typed node, else the current one; usage failure when there is neither. Reads may fall back to this host. */
export function nodeFor(call: Pick<Call, "scope">, typed: string | undefined, command: string): string {
  const node = typed ?? call.scope.node?.value;
  if (node === undefined) {
    throw new PactError("usage", `${command}: no node given and none is current`, { hint: `${command} NODE, --node NODE, or: use VCLUSTER/NODE` });
  }
  return node;
}
