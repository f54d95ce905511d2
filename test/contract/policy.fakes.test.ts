import { test } from "uvu";
import { fakeSite } from "../../src/testing/fakes.ts";
import { testAll } from "./expectation.ts";
import { policyExpectations } from "./policy.expectations.ts";

const nodes = [{ name: "node-002", vcluster: "sensitive-compute" }];
const asUser = (principal: string) => fakeSite({ nodes, principal: { principal, type: "human", role: "pact-regulated-sensitive-compute" } });
const [mine, theirs] = [asUser("reg-a"), asUser("reg-b")];
let asked = 0;

testAll("fakes", policyExpectations, async () => ({
  // Two people look at one list.
  requester: { ...mine.policy }, approver: theirs.policy, requesterName: "reg-a", vcluster: "sensitive-compute",
  async ask() {
    asked += 1;
    const approvalId = `ap-${String(asked).padStart(8, "0")}`;
    const approval = {
      approvalId, action: "commit", scope: "vc:sensitive-compute", requester: "reg-a", status: "pending" as const,
      createdAt: new Date(), expiresAt: new Date(Date.now() + 60_000),
    };
    mine.approvals.push(approval);
    theirs.approvals.push(approval);
    return approvalId;
  },
}));

test.run();
