import { test } from "uvu";
import { fakeSite } from "../../src/testing/fakes.ts";
import { agentExpectations } from "./agent.expectations.ts";
import { testAll } from "./expectation.ts";

const site = fakeSite();
testAll("fakes", agentExpectations, async () => ({
  agents: site.agents, node: "node-001", vcluster: "ml-training",
  change: async (path, content) => site.node("node-001").write(path, content),
}));

test.run();
