import { test } from "uvu";
import { fakeSite } from "../../src/testing/fakes.ts";
import { testAll } from "./expectation.ts";
import { journalExpectations } from "./journal.expectations.ts";

const site = fakeSite();
testAll("fakes", journalExpectations, async () => ({
  journal: site.journal, enrollment: site.enrollment, vcluster: "ml-training", node: "node-001", principal: "ops",
}));

test.run();
