// The journal's policy service: may this be done, what waits for a second person, what holds in a vCluster.
import { PactError, type Approval, type Policy, type Principal, type VclusterPolicy } from "../api/index.ts";
import type { PendingApprovalEntry__Output } from "../contract/gen/pact/policy/PendingApprovalEntry.ts";
import type { VClusterPolicy__Output } from "../contract/gen/pact/policy/VClusterPolicy.ts";
import { serviceDefinition } from "../contract/load.ts";
import { unary } from "./call.ts";
import type { Link } from "./channel.ts";
import { fromTimestamp, fromVerdict, toIdentity, toScope } from "./convert.ts";
import { nonsense } from "./range.ts";
import { serverText } from "./visible.ts";

export function createPolicy(options: { readonly link: Link; readonly principal: () => Promise<Principal>; readonly timeoutMs: number }): Policy {
  const { link, principal, timeoutMs: limitMs } = options;
  const service = () => serviceDefinition("pact.policy.PolicyService");
  return {
    async evaluate(action, scope, signal) {
      const author = toIdentity(await principal(), "policy");
      // Never repeated by us: each call that needs an approval makes a new one.
      return fromVerdict(await unary(link, service().Evaluate, { author, scope: toScope(scope), action }, {
        doing: `ask whether ${action} is allowed`, signal, limitMs,
      }));
    },

    async approvals(signal) {
      const { approvals } = await unary(link, service().ListPendingApprovals, {}, { doing: "list approvals", signal, limitMs });
      return approvals.map(approvalOf).sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.approvalId < b.approvalId ? -1 : 1));
    },

    async decide(approvalId, { approve, reason }, signal) {
      const doing = `${approve ? "accept" : "deny"} ${approvalId}`;
      const approver = toIdentity(await principal(), "policy");
      const request = { approval_id: approvalId, approver, decision: approve ? "approved" : "rejected", ...(reason === "" ? {} : { reason }) };
      const { success, error } = await unary(link, service().DecideApproval, request, { doing, signal, limitMs });
      if (!success) throw undecided(approvalId, doing, error ?? "");
    },

    async effective(vcluster, signal) {
      const about = { doing: `read the policy of ${vcluster}`, signal, limitMs };
      try {
        return policyOf(await unary(link, service().GetEffectivePolicy, { vcluster_id: vcluster }, about), vcluster);
      } catch (error) {
        if (!(error instanceof PactError) || error.failure !== "notFound") throw error;
        const { requestId, node } = error.about;
        throw new PactError("notFound", `there is no policy of a vCluster called ${vcluster}`, { requestId, node, hint: "pact group list", cause: error });
      }
    },
  };
}

const STATUSES: Readonly<Record<string, Approval["status"]>> = { Pending: "pending", Approved: "approved", Rejected: "rejected", Expired: "expired" };

function approvalOf(entry: PendingApprovalEntry__Output): Approval {
  const status = STATUSES[entry.status];
  if (status === undefined) throw nonsense(`the state of approval ${entry.approval_id} is none that we know`);
  return {
    approvalId: entry.approval_id,
    action: entry.action,
    scope: entry.scope,
    requester: entry.requester,
    status,
    createdAt: fromTimestamp(entry.created_at, "the time of an approval"),
    expiresAt: fromTimestamp(entry.expires_at, "the end of an approval"),
  };
}

/** A server says why in words, on an answer whose status is OK. */
function undecided(approvalId: string, doing: string, error: string): PactError {
  const reason = serverText(error, 200);
  if (/SELF_APPROVAL|own request/i.test(error)) {
    return new PactError("forbidden", `cannot ${doing}: you asked for it yourself`, { reason: "the second person must be another (P4)", hint: `ask another person to run: pact approve accept ${approvalId}` });
  }
  if (/not found/i.test(error)) return new PactError("notFound", `there is no approval ${approvalId}`, { reason, hint: "pact approve list" });
  if (/already Expired/i.test(error)) return new PactError("policy", `cannot ${doing}: it has expired`, { reason, hint: "the requester asks anew" });
  if (/already/i.test(error)) return new PactError("conflict", `cannot ${doing}: it is decided already`, { reason });
  return new PactError("remote", `cannot ${doing}`, { reason });
}

function policyOf(policy: VClusterPolicy__Output, asked: string): VclusterPolicy {
  return {
    vcluster: policy.vcluster_id === "" ? asked : policy.vcluster_id,
    policyId: policy.policy_id,
    updatedAt: policy.updated_at === null ? null : fromTimestamp(policy.updated_at, "the time of a policy"),
    driftSensitivity: policy.drift_sensitivity,
    baseCommitWindowSeconds: policy.base_commit_window_seconds,
    emergencyWindowSeconds: policy.emergency_window_seconds,
    autoConvergeCategories: policy.auto_converge_categories,
    requireAckCategories: policy.require_ack_categories,
    enforcementMode: policy.enforcement_mode,
    roleBindings: policy.role_bindings.map(({ role, principals, allowed_actions }) => ({ role, principals, allowedActions: allowed_actions })),
    regulated: policy.regulated,
    twoPersonApproval: policy.two_person_approval,
    auditRetentionDays: policy.audit_retention_days,
    federationTemplate: policy.federation_template ?? null,
    supervisorBackend: policy.supervisor_backend,
    execWhitelist: policy.exec_whitelist,
    shellWhitelist: policy.shell_whitelist,
    emergencyAllowed: policy.emergency_allowed,
    aiExecAllowed: policy.ai_exec_allowed,
  };
}
