// The agent's expectations over the real client and a site of the embedded profile.
import { test } from "uvu";
import type { Client } from "../../src/client/connect.ts";
import { changeFile, clientOf } from "../support/client.ts";
import { type TestSite, startTestSite } from "../support/site.ts";
import { agentExpectations } from "./agent.expectations.ts";
import { testAll } from "./expectation.ts";

let site: TestSite;
let client: Client;

test.before(async () => {
  site = await startTestSite({ profile: "embedded" });
  client = await clientOf(site, "ops");
});
test.after(async () => {
  client.close();
  await site.close();
});

testAll("embedded", agentExpectations, async () => ({
  agents: client.agents, node: "node-001", vcluster: "ml-training",
  change: async (path, content) => changeFile(site, "node-001", path, content),
}));

test.run();
