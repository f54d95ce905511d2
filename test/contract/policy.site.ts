// The policy's expectations over the real client and a site, of whichever profile.
import { test } from "uvu";
import { PactError } from "../../src/api/index.ts";
import type { Client } from "../../src/client/connect.ts";
import { clientOf } from "../support/client.ts";
import { type TestSite, startTestSite } from "../support/site.ts";
import { signal, testAll } from "./expectation.ts";
import { policyExpectations } from "./policy.expectations.ts";

/** Registers them as tests; the file that calls runs them. */
export function policyOver(profile: "embedded" | "real"): void {
  let site: TestSite;
  let mine: Client;
  let theirs: Client;

  test.before(async () => {
    site = await startTestSite({ profile });
    [mine, theirs] = [await clientOf(site, "reg-a"), await clientOf(site, "reg-b")];
  });
  test.after(async () => {
    mine.close();
    theirs.close();
    await site.close();
  });

  /** A commit that has to wait; answers what it waits for. */
  async function ask(): Promise<string> {
    const vcluster = "sensitive-compute";
    try {
      await mine.journal.append({ type: "COMMIT", scope: { kind: "vcluster", name: vcluster }, message: "two persons" }, { vcluster }, signal());
    } catch (error) {
      if (error instanceof PactError && error.about.approvalId !== undefined) return error.about.approvalId;
      throw error;
    }
    throw new Error("it did not have to wait");
  }

  testAll(profile, policyExpectations, async () => ({ requester: mine.policy, approver: theirs.policy, requesterName: "reg-a", vcluster: "sensitive-compute", ask }));
}
