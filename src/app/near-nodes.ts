// Did you mean: for a node that nobody knows, the names that are near.
import { PactError } from "../api/index.ts";
import { nearest } from "../core/suggest.ts";
import type { Network } from "./network.ts";

const LONGEST_MS = 1_000;

/** The failure with near names as its advice; as it was when there are none or they cannot be had quickly. */
export async function withNearNodes(failure: PactError, network: Network): Promise<PactError> {
  const { unknownNode } = failure.about;
  if (unknownNode === undefined) return failure;
  try {
    const { enrollment } = await network.client();
    const nodes = await enrollment.list({}, AbortSignal.timeout(LONGEST_MS));
    const near = nearest(unknownNode, nodes.map(({ nodeId }) => nodeId));
    return near.length === 0 ? failure : new PactError(failure.failure, failure.message, { ...failure.about, hint: `did you mean ${near.join(", ")}?` });
  } catch {
    return failure;
  }
}
