import { type View, defineCommand, optional, rows, values } from "pact/api";
import { driftOf } from "./drift.ts";
import { nodeFor } from "./target.ts";

interface DiffRow {
  readonly nodeId: string;
  readonly dimension: string;
  readonly key: string;
  readonly action: string;
  readonly declared: string | null;
  readonly actual: string | null;
  readonly seq: number | null;
}

const HASH = /^[0-9a-f]{64}$/;
/** Hashes are long and say the same in twelve letters. */
const short = (value: string | null): string => (value === null ? "-" : HASH.test(value) ? value.slice(0, 12) : value);

const view: View<DiffRow> = {
  columns: [
    { key: "key" },
    { key: "dimension" },
    { key: "action" },
    { key: "declared", show: (row) => short(row.declared) },
    { key: "actual", show: (row) => short(row.actual) },
  ],
  empty: "No drift: what is there is what is declared.",
};

export default defineCommand({
  summary: "Show declared against actual state (drift)",
  details: "add: there but not declared. remove: declared but not there. modify: both, and different. Files are compared by the SHA-256 of their content.",
  args: { node: optional(values.node, "node to compare; the current one without it") },
  effect: "read",
  role: "viewer",
  globals: ["node", "output", "fields"],
  examples: [
    { line: "diff node-001", shows: "what differs on node-001" },
    { line: "diff node-001 --output json", shows: "the same, with whole hashes" },
  ],
  async run(call) {
    const node = nodeFor(call, call.args.node, "diff");
    const agent = await (await call.agents()).at(node, call.signal);
    const { items, seq } = await driftOf(agent, call.journal, call.signal);
    return rows(view, items.map(({ dimension, key, action, declared, actual }): DiffRow =>
      ({ nodeId: agent.node, dimension, key, action, declared, actual, seq })));
  },
});
