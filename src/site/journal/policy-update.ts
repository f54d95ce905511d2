// Changing a vCluster's policy: checked, recorded as an entry too, and approved by two where that is asked for.
import type { UpdatePolicyRequest__Output } from "../../contract/gen/pact/policy/UpdatePolicyRequest.ts";
import type { UpdatePolicyResponse } from "../../contract/gen/pact/policy/UpdatePolicyResponse.ts";
import type { Caller } from "../parts.ts";
import { askFirst } from "./approvals.ts";
import type { Context } from "./calls.ts";
import { ENTRY, principalType } from "./entry.ts";
import type { Journal } from "./journal.ts";
import { policyOf, policyProblem } from "./policy.ts";
import type { Policy } from "./policy.ts";
import { forbidden, invalid } from "./refusal.ts";
import { parseRole } from "./roles.ts";
import { checkId, checkSelf } from "./validate.ts";

const MAX_MESSAGE = 4096;

export function updatePolicy(journal: Journal, request: UpdatePolicyRequest__Output, context: Context): UpdatePolicyResponse {
  const { vcluster_id: vcluster, author, message } = request;
  if (request.policy === null) throw invalid("there is no policy");
  const { caller, refused } = context;
  if (journal.embedded) {
    checkId("vCluster", vcluster);
    if (author !== null) checkSelf({ principal: author.principal, principalType: principalType(author.principal_type), role: author.role }, caller, "the author");
    mayChange(caller);
    if (Buffer.byteLength(message) > MAX_MESSAGE) throw invalid(`the message is longer than ${MAX_MESSAGE} bytes`);
  }
  const sent = policyOf(request.policy, vcluster);
  const problem = policyProblem(sent, journal.embedded);
  if (problem !== undefined) {
    refused(problem);
    return { success: false, policy_ref: "", error: problem };
  }
  const policy_ref = `policy:${vcluster}`;
  if (!journal.embedded) {
    journal.appendPolicy({ policy: sent, by: "" });
    return { success: true, policy_ref };
  }
  askFirst(journal, caller, { action: "set-policy", scope: `vc:${vcluster}`, request: { rpc: "UpdatePolicy", policy: sent, message }, key: null });
  applyPolicy(journal, caller, sent, message);
  return { success: true, policy_ref };
}

function mayChange(caller: Caller): void {
  if (parseRole(caller.role).kind !== "admin") throw forbidden("changing a policy needs pact-platform-admin");
}

/** Stores the policy and the entry that tells of it; answers the entry's sequence. */
export function applyPolicy(journal: Journal, caller: Caller, policy: Policy, message: string): number {
  mayChange(caller);
  journal.appendPolicy({ policy: { ...policy, updated_at: journal.now() }, by: caller.principal });
  return journal.appendEntry({
    type: ENTRY.POLICY_UPDATE, scope: `vc:${policy.vcluster_id}`, author: caller, parent: null, delta: null,
    policy_ref: message === "" ? `policy:${policy.vcluster_id}` : message, ttl_s: null, emergency_reason: null,
  });
}
