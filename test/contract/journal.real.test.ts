// The journal's expectations over the real client and a site of the real profile.
import { test } from "uvu";
import type { Client } from "../../src/client/connect.ts";
import { clientOf } from "../support/client.ts";
import { type TestSite, startTestSite } from "../support/site.ts";
import { journalExpectations } from "./journal.expectations.ts";
import { testAll } from "./expectation.ts";

let site: TestSite;
let client: Client;

test.before(async () => {
  site = await startTestSite({ profile: "real" });
  client = await clientOf(site, "ops");
});
test.after(async () => {
  client.close();
  await site.close();
});

testAll("real", journalExpectations, async () => ({ journal: client.journal, enrollment: client.enrollment, vcluster: "ml-training", node: "node-001", principal: "ops" }), { stock: true });

test.run();
