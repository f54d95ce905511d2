// Around the journal's records of nodes: what a list answers is kept for Tab, behind the answer's back.
import type { Enrollment, NodeFilter, NodeRecord } from "../api/index.ts";

export interface Remembering {
  readonly enrollment: Enrollment;
  /** Resolves when everything heard so far is kept. Never throws. */
  readonly kept: () => Promise<void>;
}

/** `keep` is called once an answer has gone on its way; what it throws is nobody's trouble. */
export function remembering(enrollment: Enrollment, keep: (filter: NodeFilter, nodes: readonly NodeRecord[]) => Promise<void>): Remembering {
  let last = Promise.resolve();
  return {
    enrollment: {
      inspect: (nodeId, signal) => enrollment.inspect(nodeId, signal),
      async list(filter, signal) {
        const nodes = await enrollment.list(filter, signal);
        last = last.then(() => new Promise<void>((resolve) => setImmediate(resolve))).then(() => keep(filter, nodes)).catch(() => {});
        return nodes;
      },
    },
    kept: () => last,
  };
}
