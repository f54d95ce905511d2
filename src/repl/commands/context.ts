// `context`: what commands act on now, each value with its origin.
import { type ConfigValue, type View, defineCommand, rows } from "pact/api";

const view: View<ConfigValue> = {
  columns: [
    { key: "key" },
    { key: "value", show: ({ value }) => (value === null ? "-" : String(value)) },
    { key: "origin" },
  ],
  empty: "Nothing is selected.",
};

export default defineCommand({
  summary: "Show what commands act on, and who decided it",
  effect: "local",
  role: "anyone",
  examples: [{ line: "context", shows: "endpoint, vCluster, node and output format with their origins" }],
  async run({ session }) {
    return rows(view, session().context());
  },
});
