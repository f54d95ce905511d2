// The policy service in memory: approvals are those a test put there, and every vCluster with nodes has a default policy.
import { PactError, type Approval, type Policy, type Scope, type Verdict, type VclusterPolicy } from "../api/index.ts";

export interface FakePolicyParts {
  readonly begin: (call: "policy.evaluate" | "policy.approvals" | "policy.decide" | "policy.effective", signal: AbortSignal) => void;
  /** Changed in place by decisions. */
  readonly approvals: Approval[];
  readonly me: string;
  readonly verdict: (action: string, scope: Scope) => Verdict;
  readonly vclusters: ReadonlySet<string | null | undefined>;
}

export function fakePolicy({ begin, approvals, me, verdict, vclusters }: FakePolicyParts): Policy {
  return {
    evaluate: async (action, scope, signal) => (begin("policy.evaluate", signal), verdict(action, scope)),
    approvals: async (signal) => (begin("policy.approvals", signal), [...approvals]),
    async decide(id, { approve }, signal) {
      begin("policy.decide", signal);
      const at = approvals.findIndex(({ approvalId }) => approvalId === id);
      const found = approvals[at];
      if (found === undefined) throw new PactError("notFound", `there is no approval ${id}`);
      if (found.status === "expired") throw new PactError("policy", `approval ${id} has expired`);
      if (found.status !== "pending") throw new PactError("conflict", `approval ${id} is decided already`);
      if (found.requester === me) throw new PactError("forbidden", "you asked for it yourself");
      approvals[at] = { ...found, status: approve ? "approved" : "rejected" };
    },
    async effective(vcluster, signal) {
      begin("policy.effective", signal);
      if (!vclusters.has(vcluster)) throw new PactError("notFound", `no policy of vCluster ${vcluster}`);
      return { ...DEFAULT_POLICY, vcluster };
    },
  };
}

const DEFAULT_POLICY: Omit<VclusterPolicy, "vcluster"> = {
  policyId: "default", updatedAt: null, driftSensitivity: 2, baseCommitWindowSeconds: 900, emergencyWindowSeconds: 14_400,
  autoConvergeCategories: [], requireAckCategories: [], enforcementMode: "observe", roleBindings: [], regulated: false, twoPersonApproval: false,
  auditRetentionDays: 2555, federationTemplate: null, supervisorBackend: "pact", execWhitelist: [], shellWhitelist: [],
  emergencyAllowed: true, aiExecAllowed: false,
};
