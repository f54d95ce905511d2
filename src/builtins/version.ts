import { API, type View, defineCommand, record } from "pact/api";

interface Version {
  readonly version: string;
  readonly api: number;
  readonly node: string;
}

const view: View<Version> = {
  columns: [{ key: "version" }, { key: "api" }, { key: "node" }],
  empty: "",
  line: ({ version, api, node }) => `pact ${version} (plugin API ${api}, Node.js ${node})`,
};

export default defineCommand({
  summary: "Print the version",
  effect: "local",
  role: "anyone",
  examples: [{ line: "version", shows: "pact, plugin API and Node.js" }],
  async run(call) {
    return record(view, { ...call.catalog().version(), api: API });
  },
});
