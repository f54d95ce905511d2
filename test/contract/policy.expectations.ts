// What commands rely on of a journal's policy service: what waits is listed, another person decides it once.
import * as assert from "uvu/assert";
import type { Policy } from "../../src/api/index.ts";
import { refused, signal, type Expectation } from "./expectation.ts";

export interface PolicySubject {
  /** As the person that asks, and as one that may decide. */
  readonly requester: Policy;
  readonly approver: Policy;
  readonly requesterName: string;
  readonly vcluster: string;
  /** Makes a write wait; answers its approval. */
  readonly ask: () => Promise<string>;
}

const statusOf = async (policy: Policy, id: string): Promise<string | undefined> =>
  (await policy.approvals(signal())).find(({ approvalId }) => approvalId === id)?.status;

export const policyExpectations: readonly Expectation<PolicySubject>[] = [
  {
    name: "what waits is listed with who asked, where, and until when",
    async run({ approver, ask, requesterName, vcluster }) {
      const id = await ask();
      const found = (await approver.approvals(signal())).find(({ approvalId }) => approvalId === id);
      assert.equal([found?.requester, found?.scope, found?.status], [requesterName, `vc:${vcluster}`, "pending"]);
      assert.ok((found?.expiresAt.getTime() ?? 0) > (found?.createdAt.getTime() ?? 0));
    },
  },
  {
    name: "another person accepts once",
    async run({ approver, ask }) {
      const id = await ask();
      await approver.decide(id, { approve: true, reason: "" }, signal());
      assert.is(await statusOf(approver, id), "approved");
      await refused(approver.decide(id, { approve: true, reason: "" }, signal()), "conflict");
      await refused(approver.decide(id, { approve: false, reason: "changed my mind" }, signal()), "conflict");
    },
  },
  {
    name: "another person denies",
    async run({ approver, ask }) {
      const id = await ask();
      await approver.decide(id, { approve: false, reason: "not tonight" }, signal());
      assert.is(await statusOf(approver, id), "rejected");
    },
  },
  {
    name: "nobody decides about a request of their own",
    async run({ requester, approver, ask }) {
      const id = await ask();
      await refused(requester.decide(id, { approve: true, reason: "" }, signal()), "forbidden");
      assert.is(await statusOf(approver, id), "pending");
    },
  },
  {
    name: "an id that nobody knows is not found",
    async run({ approver }) {
      await refused(approver.decide("ap-00000000", { approve: true, reason: "" }, signal()), "notFound");
    },
  },
  {
    name: "the policy of a vCluster is read, that of none is not found",
    async run({ approver, vcluster }) {
      const policy = await approver.effective(vcluster, signal());
      assert.is(policy.vcluster, vcluster);
      assert.type(policy.baseCommitWindowSeconds, "number");
      await refused(approver.effective("no-such-vcluster", signal()), "notFound", "forbidden");
    },
  },
];
