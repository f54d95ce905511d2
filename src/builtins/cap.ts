import { type CapabilityReport, type View, defineCommand, optional, record, values } from "pact/api";
import { reportByExec } from "./cap-fallback.ts";
import { askAgent } from "./drift.ts";
import { nodeFor } from "./target.ts";

const GIB = 1024 ** 3;

const part = (report: CapabilityReport, key: string): CapabilityReport => {
  const value = report[key];
  return typeof value === "object" && value !== null ? { ...value } : {};
};
const list = (report: CapabilityReport, key: string): readonly CapabilityReport[] => {
  const value = report[key];
  return Array.isArray(value) ? value.map((_, at: number) => part({ ...value }, String(at))) : [];
};
const text = (value: unknown): string => (value === null || value === undefined || value === "" ? "-" : String(value));
const gib = (value: unknown): string => (typeof value === "number" ? `${(value / GIB).toFixed(1)} GiB` : "-");
const counted = (items: readonly string[]): string => (items.length === 0 ? "none" : items.join(", "));

const view: View<CapabilityReport> = {
  columns: [
    { key: "node_id", title: "node" },
    { key: "cpu", show: (report) => {
      const { model, architecture, logical_cores: cores, physical_cores: physical } = part(report, "cpu");
      return `${text(model)}, ${text(architecture)}, ${text(cores)} cores${typeof physical === "number" && physical > 0 ? ` (${physical} physical)` : ""}`;
    } },
    { key: "memory", show: (report) => `${gib(part(report, "memory")["total_bytes"])}, ${gib(part(report, "memory")["available_bytes"])} available` },
    { key: "gpus", show: (report) => counted(list(report, "gpus").map((gpu) => `${text(gpu["index"])}: ${text(gpu["model"])} ${gib(gpu["memory_bytes"])} ${text(gpu["health"])}`)) },
    { key: "network_interfaces", title: "network", show: (report) => counted(list(report, "network_interfaces").map((net) => `${text(net["name"])} ${text(net["state"])}`)) },
    { key: "storage", show: (report) => counted(list(part(report, "storage"), "local_disks").map((disk) => `${text(disk["device"])} ${gib(disk["capacity_bytes"])}`)) },
    { key: "software", title: "services", show: (report) => counted(list(part(report, "software"), "services").map((service) => `${text(service["name"])} ${text(service["state"])}`)) },
    { key: "config_state", title: "state", as: "state", show: (report) => text(report["config_state"]) },
  ],
  empty: "",
};

export default defineCommand({
  summary: "Show what hardware a node has",
  details: "Without a node: the current one, else this machine. As JSON the whole report of the agent; where an agent keeps none, what lscpu, free and nvidia-smi say there.",
  args: { node: optional(values.node, "node to look at") },
  effect: "read",
  role: "viewer",
  globals: ["node", "output", "fields", "nodeTimeout"],
  examples: [
    { line: "cap node-001", shows: "processors, memory, GPUs, network, disks and services" },
    { line: "cap node-001 --output json", shows: "the whole report, for a script" },
  ],
  async run(call) {
    const node = nodeFor(call, call.args.node, "cap");
    const agent = await (await call.agents()).at(node, call.signal);
    const state = await askAgent(agent, { capability: true }, call.signal);
    return record(view, state?.capability?.report ?? (await reportByExec(agent, call.note, call.signal)));
  },
});
