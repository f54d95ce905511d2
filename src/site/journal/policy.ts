// vCluster policies: the defaults, what is stored, and what an update must be (J6).
import type { VClusterPolicy, VClusterPolicy__Output } from "../../contract/gen/pact/policy/VClusterPolicy.ts";
import type { SiteVcluster } from "../parts.ts";

/** A policy as the log holds it; `updated_at` in milliseconds. */
export type Policy = Omit<VClusterPolicy__Output, "updated_at" | "_federation_template"> & { readonly updated_at: number | null };
/** The body of a record of kind "policy". */
export interface PolicyBody {
  readonly policy: Policy;
  readonly by: string;
}

/** What holds for a vCluster that nobody wrote a policy for. */
export function defaultPolicy(vcluster: string, site?: SiteVcluster): Policy {
  return {
    vcluster_id: vcluster,
    policy_id: "default",
    updated_at: null,
    drift_sensitivity: 2,
    base_commit_window_seconds: 900,
    emergency_window_seconds: 14_400,
    auto_converge_categories: [],
    require_ack_categories: [],
    enforcement_mode: "observe",
    role_bindings: [],
    regulated: site?.regulated ?? false,
    two_person_approval: site?.twoPersonApproval ?? false,
    audit_retention_days: 2555,
    supervisor_backend: "pact",
    exec_whitelist: [],
    shell_whitelist: [],
    emergency_allowed: true,
    ai_exec_allowed: false,
  };
}

/** The policy a request holds, for a vCluster. Time as sent; absent stays absent. */
export function policyOf(wire: VClusterPolicy__Output, vcluster: string): Policy {
  const { _federation_template, updated_at, ...rest } = wire;
  const sent = updated_at === null ? null : Number(updated_at.seconds) * 1000 + Math.floor(updated_at.nanos / 1_000_000);
  return { ...rest, vcluster_id: vcluster, updated_at: sent };
}

export function wirePolicy(policy: Policy): VClusterPolicy {
  const { updated_at, ...rest } = policy;
  if (updated_at === null) return rest;
  const seconds = Math.floor(updated_at / 1000);
  return { ...rest, updated_at: { seconds, nanos: (updated_at - seconds * 1000) * 1_000_000 } };
}

const MODES = ["observe", "warn", "enforce"];
const MAX_LIST = 1000;
const MAX_TEXT = 4096;

/** Why a policy cannot be stored; undefined when it can. The embedded site checks more than a stock one. */
export function policyProblem(policy: Policy, strict: boolean): string | undefined {
  if (policy.vcluster_id === "") return "vcluster_id is empty";
  if (!Number.isFinite(policy.drift_sensitivity) || policy.drift_sensitivity < 0) return "drift_sensitivity is not a number from 0 up";
  if (policy.base_commit_window_seconds === 0) return "base_commit_window_seconds is 0";
  const lists = [policy.auto_converge_categories, policy.require_ack_categories, policy.exec_whitelist, policy.shell_whitelist, policy.role_bindings];
  if (lists.some((list) => list.length > MAX_LIST)) return `a list has more than ${MAX_LIST} items`;
  if (JSON.stringify(policy).length > 64 * MAX_TEXT) return "the policy is too large";
  if (strict && !MODES.includes(policy.enforcement_mode)) return `enforcement_mode is not one of ${MODES.join(", ")}`;
  return undefined;
}
