// Who may do what (P1..P3, P8): the one table of roles, asked by every service and by Evaluate.
import type { Caller } from "../parts.ts";
import type { Policy } from "./policy.ts";
import { ENTRY } from "./entry.ts";

export type Role =
  | { readonly kind: "admin" }
  | { readonly kind: "service-agent" }
  | { readonly kind: "service-ai" }
  | { readonly kind: "other" }
  | { readonly kind: "ops" | "viewer" | "regulated"; readonly vcluster: string };

const BOUND = ["ops", "viewer", "regulated"] as const;

/** What follows the fixed prefix is the whole name of the vCluster, dashes included. */
export function parseRole(role: string): Role {
  if (role === "pact-platform-admin") return { kind: "admin" };
  if (role === "pact-service-agent") return { kind: "service-agent" };
  if (role === "pact-service-ai") return { kind: "service-ai" };
  for (const kind of BOUND) {
    const prefix = `pact-${kind}-`;
    if (role.startsWith(prefix) && role.length > prefix.length) return { kind, vcluster: role.slice(prefix.length) };
  }
  return { kind: "other" };
}

const READS: ReadonlySet<string> = new Set(["status", "diff", "log"]);
const WRITES: ReadonlySet<string> = new Set(["commit", "rollback", "exec", "shell", "service_start", "service_stop", "service_restart"]);
const EMERGENCY: ReadonlySet<string> = new Set(["emergency_start", "emergency_end"]);

export type Verdict = { readonly outcome: "allow" | "approval" } | { readonly outcome: "deny"; readonly reason: string };
const ALLOW: Verdict = { outcome: "allow" };
const deny = (reason: string): Verdict => ({ outcome: "deny", reason });

/**
 * The decision on an action in a vCluster (undefined: global). The order of the steps is part of
 * the contract. `approval` means: allowed once a second person agrees.
 */
export function judge(caller: Caller, action: string, vcluster: string | undefined, policy: Policy): Verdict {
  const role = parseRole(caller.role);
  if (role.kind === "admin") return ALLOW;
  if (role.kind === "service-ai" && EMERGENCY.has(action)) return deny("an AI principal cannot start or end an emergency");
  if (vcluster === undefined) return deny("global scope needs pact-platform-admin");
  if ("vcluster" in role && role.vcluster !== vcluster) return deny(`${caller.role} has no rights in ${vcluster}`);
  if (action === "policy_update") return deny("changing a policy needs pact-platform-admin");
  switch (role.kind) {
    case "viewer":
      return READS.has(action) ? ALLOW : deny("viewers only read");
    case "regulated":
      if (READS.has(action) || action === "approve") return ALLOW;
      if (!WRITES.has(action)) return deny(`regulated roles cannot ${action}`);
      return policy.two_person_approval ? { outcome: "approval" } : ALLOW;
    case "ops":
      return READS.has(action) || WRITES.has(action) || EMERGENCY.has(action) || action === "approve" ? ALLOW : deny(`ops cannot ${action}`);
    case "service-agent":
      return action === "status" || action === "log" ? ALLOW : deny(`agents cannot ${action}`);
    case "service-ai":
      if (READS.has(action)) return ALLOW;
      return action === "exec" && policy.ai_exec_allowed ? ALLOW : deny(`an AI principal cannot ${action}`);
    case "other":
      return bound(caller, action, policy) ? ALLOW : deny(`role ${JSON.stringify(caller.role)} is not known in ${vcluster}`);
  }
}

/** Whether a role binding of the policy grants the action; `*` never grants an emergency. */
function bound(caller: Caller, action: string, policy: Policy): boolean {
  return policy.role_bindings.some(
    (binding) =>
      binding.role === caller.role &&
      binding.principals.includes(caller.principal) &&
      (binding.allowed_actions.includes(action) || (binding.allowed_actions.includes("*") && !EMERGENCY.has(action))),
  );
}

/** The action that appending an entry of a type stands for. */
const ACTION_OF: Readonly<Record<number, string>> = {
  [ENTRY.COMMIT]: "commit",
  [ENTRY.ROLLBACK]: "rollback",
  [ENTRY.AUTO_CONVERGE]: "commit",
  [ENTRY.DRIFT_DETECTED]: "commit",
  [ENTRY.CAPABILITY_CHANGE]: "commit",
  [ENTRY.POLICY_UPDATE]: "policy_update",
  [ENTRY.BOOT_CONFIG]: "commit",
  [ENTRY.EMERGENCY_START]: "emergency_start",
  [ENTRY.EMERGENCY_END]: "emergency_end",
  [ENTRY.EXEC_LOG]: "exec",
  [ENTRY.SHELL_SESSION]: "shell",
  [ENTRY.SERVICE_LIFECYCLE]: "service_restart",
  // The journal itself records approvals; a forged one would mislead.
  [ENTRY.PENDING_APPROVAL]: "policy_update",
};
/** What agents report, in the name of whoever acted on the node. */
const AGENT_REPORTS: ReadonlySet<number> = new Set([
  ENTRY.EXEC_LOG, ENTRY.SHELL_SESSION, ENTRY.DRIFT_DETECTED, ENTRY.CAPABILITY_CHANGE, ENTRY.SERVICE_LIFECYCLE, ENTRY.AUTO_CONVERGE,
]);

/** Whether a caller reports as an agent: any author, but only these types. */
export const reportsAsAgent = (caller: Caller): boolean => parseRole(caller.role).kind === "service-agent";

/** The decision on appending an entry. Two-person approval is not decided here. */
export function judgeAppend(caller: Caller, type: number, vcluster: string | undefined, policy: Policy): Verdict {
  const role = parseRole(caller.role);
  const action = ACTION_OF[type] ?? "";
  if (role.kind === "service-agent") return AGENT_REPORTS.has(type) ? ALLOW : deny("agents only report what happened on their nodes");
  if (role.kind === "service-ai") return deny("an AI principal only reads the journal");
  // P8, PAuth2: whatever the role.
  if (EMERGENCY.has(action) && caller.principalType !== "Human") return deny("only a person starts or ends an emergency");
  const verdict = judge(caller, action, vcluster, policy);
  return verdict.outcome === "approval" ? ALLOW : verdict;
}

/** What a caller may read: everything, or what belongs to some vClusters (and what is global). */
export interface Sight {
  readonly all: boolean;
  readonly vcluster: (name: string) => boolean;
  /** Nodes without a vCluster. */
  readonly unassigned: boolean;
  /** What belongs to no vCluster. */
  readonly global: boolean;
}

/** `policies` are those that may bind roles the table does not know, by vCluster. */
export function sightOf(caller: Caller, policies: ReadonlyMap<string, Policy>): Sight {
  const role = parseRole(caller.role);
  if (role.kind === "admin" || role.kind === "service-agent" || role.kind === "service-ai") {
    return { all: true, vcluster: () => true, unassigned: true, global: true };
  }
  if (role.kind === "other") {
    const bindings = [...policies.values()].filter((policy) => ["log", "status"].some((action) => bound(caller, action, policy)));
    const names = new Set(bindings.map((policy) => policy.vcluster_id));
    return { all: false, vcluster: (name) => names.has(name), unassigned: false, global: names.size > 0 };
  }
  const { vcluster } = role;
  // Ops and regulated roles may take unassigned nodes into their vCluster, so they see them.
  return { all: false, vcluster: (name) => name === vcluster, unassigned: role.kind !== "viewer", global: true };
}
