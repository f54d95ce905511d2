// The commit window is made longer: of the node that is meant, or wherever one is open in a vCluster.
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Setting } from "../../src/api/index.ts";
import builtins from "../../src/builtins/plugin.ts";
import { type FakeSite, fakeSite, runCommand } from "../../src/testing/index.ts";

const given = (value: string): Setting<string> => ({ value, from: "flag", where: "the test" });
const two = (): FakeSite => fakeSite({ nodes: [{ name: "n1", vcluster: "a" }, { name: "n2", vcluster: "a" }] });

test("fifteen minutes are added unless another number is given", async () => {
  const site = two();
  site.node("n1").windowS = 60;
  for (const [line, remaining] of [["extend", 60 + 900], ["extend 30", 60 + 900 + 1800]] as const) {
    const ran = await runCommand(builtins, line, { services: site.services(), node: given("n1"), format: "json" });
    assert.is(ran.status, 0, ran.stderr);
    assert.is(site.node("n1").windowS, remaining);
    assert.equal(Object.keys(JSON.parse(ran.stdout)[0]), ["node_id", "vcluster", "seq", "status", "approval_id", "message", "error"]);
  }
});

test("a node without an open window is a failure when it is meant, and passed by in a vCluster", async () => {
  const site = two();
  site.node("n2").windowS = 60;
  const alone = await runCommand(builtins, "extend", { services: site.services(), node: given("n1") });
  assert.is(alone.status, 1);
  assert.match(alone.stderr, /no open commit window/);
  const all = await runCommand(builtins, "extend 5", { services: site.services(), vcluster: given("a"), format: "json" });
  assert.is(all.status, 0, all.stderr);
  assert.equal(JSON.parse(all.stdout).map(({ node_id }: { node_id: string }) => node_id), ["n2"]);
});

test("an agent that cannot be reached is told, and the others are extended", async () => {
  const site = two();
  site.node("n1").reachable = false;
  site.node("n2").windowS = 60;
  const ran = await runCommand(builtins, "extend", { services: site.services(), vcluster: given("a") });
  assert.is(ran.status, 1);
  assert.match(ran.stderr, /n1/);
  assert.match(ran.stdout, /n2: extended, 16 min remain/);
});

for (const words of ["extend", "extend 0", "extend 1441", "extend soon"]) {
  test(`${words} without a target, or out of bounds, asks nobody`, async () => {
    const site = two();
    const ran = await runCommand(builtins, words, { services: site.services() });
    assert.is(ran.status, 1);
    assert.equal(site.calls, []);
  });
}

test.run();
