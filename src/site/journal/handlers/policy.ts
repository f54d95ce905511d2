// PolicyService: evaluating a write, reading and changing policies, deciding approvals.
import type { PolicyServiceHandlers } from "../../../contract/gen/pact/policy/PolicyService.ts";
import type { PolicyEvalRequest__Output } from "../../../contract/gen/pact/policy/PolicyEvalRequest.ts";
import type { PolicyEvalResponse } from "../../../contract/gen/pact/policy/PolicyEvalResponse.ts";
import type { DecideApprovalRequest__Output } from "../../../contract/gen/pact/policy/DecideApprovalRequest.ts";
import type { DecideApprovalResponse } from "../../../contract/gen/pact/policy/DecideApprovalResponse.ts";
import type { Identity__Output } from "../../../contract/gen/pact/config/Identity.ts";
import type { Caller } from "../../parts.ts";
import { appendApproved } from "../append.ts";
import { decide, openStockApproval, shownStatus } from "../approvals.ts";
import type { Approval } from "../approval-record.ts";
import type { Calls, Context } from "../calls.ts";
import { wireTime } from "../entry.ts";
import type { Journal } from "../journal.ts";
import { wirePolicy } from "../policy.ts";
import { applyPolicy, updatePolicy } from "../policy-update.ts";
import { forbidden, invalid, notFound, quoted } from "../refusal.ts";
import { parseRole } from "../roles.ts";
import { nodeOf, scopeKey, vclusterOf } from "../scope.ts";
import { checkSelf } from "../validate.ts";

export function policyHandlers(journal: Journal, calls: Calls): PolicyServiceHandlers {
  const guard = journal.embedded ? "token" : "header";
  return {
    Evaluate: calls.unary(
      { name: "PolicyService/Evaluate", guard, writes: true, target: ({ scope, action }) => `${scopeKey(scope)} ${action}` },
      (request, context) => evaluate(journal, request, context),
    ),
    GetEffectivePolicy: calls.unary(
      { name: "PolicyService/GetEffectivePolicy", guard, writes: false, target: ({ vcluster_id }) => vcluster_id },
      ({ vcluster_id }, { caller }) => {
        if (journal.embedded && !journal.sees(journal.sight(caller), `vc:${vcluster_id}`)) throw forbidden("that vCluster is not yours");
        const configured = journal.config.vclusters.some(({ name }) => name === vcluster_id);
        const known = journal.embedded ? journal.knowsVcluster(vcluster_id) : configured || journal.state.policies.has(vcluster_id);
        if (!known) throw notFound(`no policy of vCluster ${quoted(vcluster_id)}`, "see: pact group list");
        return wirePolicy(journal.policyOf(vcluster_id));
      },
    ),
    UpdatePolicy: calls.unary(
      { name: "PolicyService/UpdatePolicy", guard, writes: true, target: ({ vcluster_id }) => vcluster_id },
      (request, context) => updatePolicy(journal, request, context),
    ),
    ListPendingApprovals: calls.unary(
      { name: "PolicyService/ListPendingApprovals", guard, writes: false, target: ({ scope_filter }) => scope_filter ?? "all" },
      ({ scope_filter }, { caller }) => ({ approvals: listed(journal, scope_filter, caller).map((approval) => wireApproval(journal, approval)) }),
    ),
    DecideApproval: calls.unary(
      { name: "PolicyService/DecideApproval", guard, writes: true, target: ({ approval_id, decision }) => `${approval_id} ${decision}` },
      (request, context) => decideApproval(journal, request, context),
    ),
  };
}

/** How these RPCs read an identity: lower-case spellings only. */
function identityOf(identity: Identity__Output): Caller {
  const type = identity.principal_type === "agent" ? "Agent" : identity.principal_type === "service" ? "Service" : "Human";
  return { principal: identity.principal, principalType: type, role: identity.role };
}

function evaluate(journal: Journal, { author, scope, action, command }: PolicyEvalRequest__Output, { caller, refused }: Context): PolicyEvalResponse {
  const key = scopeKey(scope);
  const claimed = author === null ? undefined : identityOf(author);
  if (journal.embedded) checkSelf(claimed, caller, "the author");
  const who = journal.embedded ? caller : (claimed ?? { principal: "anonymous", principalType: "Human", role: "" });
  // A stock journal takes a node's id for the name of a vCluster.
  const vcluster = journal.embedded ? journal.state.vclusterOf(key) : (nodeOf(key) ?? vclusterOf(key));
  const verdict = journal.judge(who, action, vcluster);
  if (verdict.outcome === "allow") return { authorized: true, policy_ref: `rbac:${journal.policyOf(vcluster).policy_id}:${action}` };
  if (verdict.outcome === "deny") {
    refused(verdict.reason);
    return { authorized: false, policy_ref: `rbac:denied:${action}`, denial_reason: verdict.reason };
  }
  // The embedded journal opens the approval when the write itself comes, for then it knows what to carry out.
  const pending_approval_id = journal.embedded ? "" : openStockApproval(journal, who, command ?? action, key);
  return { authorized: false, policy_ref: `rbac:deferred:${action}`, approval: { approval_type: "two_person", pending_approval_id } };
}

/** Absent: all; a name: that vCluster's; empty: those of no vCluster. On the embedded site only what the caller may see. */
function listed(journal: Journal, filter: string | undefined, caller: Caller): Approval[] {
  const sight = journal.embedded ? journal.sight(caller) : undefined;
  return [...journal.state.approvals.values()].filter(({ scope }) => {
    if (filter !== undefined && (vclusterOf(scope) ?? "") !== filter && !(journal.embedded && journal.state.vclusterOf(scope) === filter)) return false;
    return sight === undefined || journal.sees(sight, scope);
  });
}

function wireApproval(journal: Journal, approval: Approval) {
  return {
    approval_id: approval.id,
    action: approval.action,
    scope: approval.scope,
    requester: approval.requester.principal,
    status: shownStatus(journal, approval),
    created_at: wireTime(approval.created),
    expires_at: wireTime(approval.expires),
  };
}

function decideApproval(journal: Journal, request: DecideApprovalRequest__Output, { caller, refused }: Context): DecideApprovalResponse {
  const { approval_id: id, decision, reason } = request;
  if (request.approver === null) throw invalid("there is no approver");
  if (decision !== "approved" && decision !== "rejected") throw invalid(`the decision is approved or rejected, not ${quoted(decision)}`);
  const claimed = identityOf(request.approver);
  if (journal.embedded) {
    checkSelf(claimed, caller, "the approver");
    mayDecide(journal, caller, id);
  }
  const approver = journal.embedded ? caller.principal : claimed.principal;
  // A stock journal drops the reason.
  const kept = journal.embedded ? (reason ?? "").slice(0, 1024) : "";
  const error = decide(journal, { id, approver, approved: decision === "approved", reason: kept }, (approval) => carryOut(journal, approval));
  if (error === undefined) return { success: true };
  refused(error);
  return { success: false, error };
}

/** An approver is a person with the vCluster's regulated role, or platform admin. */
function mayDecide(journal: Journal, caller: Caller, id: string): void {
  const role = parseRole(caller.role);
  const approval = journal.state.approvals.get(id);
  const vcluster = approval === undefined ? undefined : journal.state.vclusterOf(approval.scope);
  const person = caller.principalType === "Human";
  if (person && role.kind === "admin") return;
  if (person && role.kind === "regulated" && (approval === undefined || role.vcluster === vcluster)) return;
  throw forbidden(`${quoted(caller.role)} cannot decide approvals${vcluster === undefined ? "" : ` of ${vcluster}`}`, "needs a person with a regulated role of the vCluster, or platform admin");
}

function carryOut(journal: Journal, { request, requester, request_key }: Approval): number {
  if (request === null) throw new Error("an approval without a request carries nothing out");
  if (request.rpc === "UpdatePolicy") return applyPolicy(journal, requester, request.policy, request.message);
  return appendApproved(journal, requester, request.draft, request.expected_head, request_key);
}
