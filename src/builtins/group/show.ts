import { type VclusterPolicy, type View, defineCommand, record, required, values } from "pact/api";
import { membersOf } from "./list.ts";

type Shown = VclusterPolicy & { readonly nodes: readonly string[] };

const list = (items: readonly string[]): string => (items.length === 0 ? "-" : items.join(", "));
const span = (seconds: number): string => (seconds % 3600 === 0 ? `${seconds / 3600} h` : seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`);

const view: View<Shown> = {
  columns: [
    { key: "vcluster" },
    { key: "nodes", show: ({ nodes }) => list(nodes) },
    { key: "policyId", title: "policy" },
    { key: "enforcementMode", title: "mode" },
    { key: "regulated", show: ({ regulated }) => (regulated ? "yes" : "no") },
    { key: "twoPersonApproval", title: "two persons", show: ({ twoPersonApproval }) => (twoPersonApproval ? "yes" : "no") },
    { key: "baseCommitWindowSeconds", title: "commit window", show: ({ baseCommitWindowSeconds }) => span(baseCommitWindowSeconds) },
    { key: "emergencyWindowSeconds", title: "emergency window", show: ({ emergencyWindowSeconds }) => span(emergencyWindowSeconds) },
    { key: "emergencyAllowed", title: "emergency", show: ({ emergencyAllowed }) => (emergencyAllowed ? "allowed" : "not allowed") },
    { key: "driftSensitivity", title: "drift sensitivity", show: ({ driftSensitivity }) => String(driftSensitivity) },
    { key: "autoConvergeCategories", title: "converges by itself", show: ({ autoConvergeCategories }) => list(autoConvergeCategories) },
    { key: "requireAckCategories", title: "asks first", show: ({ requireAckCategories }) => list(requireAckCategories) },
    { key: "execWhitelist", title: "exec whitelist", show: ({ execWhitelist }) => list(execWhitelist) },
    { key: "shellWhitelist", title: "shell whitelist", show: ({ shellWhitelist }) => list(shellWhitelist) },
    { key: "aiExecAllowed", title: "exec by AI", show: ({ aiExecAllowed }) => (aiExecAllowed ? "allowed" : "not allowed") },
    { key: "auditRetentionDays", title: "audit kept", show: ({ auditRetentionDays }) => `${auditRetentionDays} days` },
    { key: "roleBindings", title: "roles", show: ({ roleBindings }) => list(roleBindings.map(({ role, principals }) => `${role}: ${list(principals)}`)) },
    { key: "supervisorBackend", title: "supervisor" },
    { key: "federationTemplate", title: "federation template" },
    { key: "updatedAt", title: "changed", as: "time" },
  ],
  empty: "",
};

export default defineCommand({
  summary: "Show the policy of a vCluster, and its nodes",
  args: { name: required(values.vcluster, "vCluster to show") },
  effect: "read",
  role: "viewer",
  globals: ["output", "fields"],
  examples: [
    { line: "group show ml-training", shows: "its policy and nodes" },
    { line: "group show ml-training --output json", shows: "every key of the policy, for a script" },
  ],
  async run(call) {
    const policy = await (await call.policy()).effective(call.args.name, call.signal);
    const { vcluster, ...rest } = policy;
    return record(view, { vcluster, nodes: (await membersOf(call)).get(vcluster) ?? [], ...rest });
  },
});
