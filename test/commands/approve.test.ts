// Approvals over services in memory: which one an id means, and what is told of a decision.
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Approval } from "../../src/api/index.ts";
import builtins from "../../src/builtins/plugin.ts";
import { type FakeSite, fakeSite, runCommand } from "../../src/testing/index.ts";

const HOUR = 3_600_000;
const approval = (approvalId: string, more: Partial<Approval> = {}): Approval => ({
  approvalId, action: "commit: x", scope: "vc:sensitive-compute", requester: "reg-a", status: "pending",
  createdAt: new Date(Date.now() - 1000), expiresAt: new Date(Date.now() + HOUR), ...more,
});
function siteWith(...approvals: Approval[]): FakeSite {
  const site = fakeSite({ nodes: [{ name: "node-002", vcluster: "sensitive-compute" }], principal: { principal: "reg-b", type: "human", role: "pact-regulated-sensitive-compute" } });
  site.approvals.push(...approvals);
  return site;
}
const run = (site: FakeSite, line: string) => runCommand(builtins, line, { services: site.services(), format: "json" });

test("the list holds what waits, and neither what is decided nor what is over by our clock", async () => {
  const site = siteWith(
    approval("ap-00000001"), approval("ap-00000002", { status: "approved" }), approval("ap-00000003", { expiresAt: new Date(Date.now() - 1) }),
    approval("ap-00000004", { scope: "node:node-002" }), approval("ap-00000005", { scope: "node:gone" }),
  );
  const { stdout } = await run(site, "approve list");
  const rows: { approval_id: string; vcluster: string | null }[] = JSON.parse(stdout);
  assert.equal(rows.map(({ approval_id, vcluster }) => [approval_id, vcluster]), [
    ["ap-00000001", "sensitive-compute"], ["ap-00000004", "sensitive-compute"], ["ap-00000005", null],
  ]);
});

for (const [typed, meant] of [["ap-7f3a90c1", "ap-7f3a90c1"], ["ap-7f3a9", "ap-7f3a90c1"], ["7f3a9", "ap-7f3a90c1"], ["0a1b2c3d-0000", "0a1b2c3d-0000-4000-8000-000000000000"]] as const) {
  test(`${typed} means ${meant}`, async () => {
    const site = siteWith(approval("ap-7f3a90c1"), approval("ap-7f3b0000"), approval("0a1b2c3d-0000-4000-8000-000000000000"));
    const { status, stdout, stderr } = await run(site, `approve accept ${typed}`);
    assert.is(status, 0, stderr);
    assert.is(JSON.parse(stdout).approval_id, meant);
    assert.equal(site.approvals.filter((one) => one.status === "approved").map((one) => one.approvalId), [meant]);
  });
}

for (const [typed, wanted, code] of [
  ["ap-7f3", /at least 4 characters/, 1], ["ap-9999", /there is no approval ap-9999/, 1], ["ap-7f3a", /several approvals begin with ap-7f3a: ap-7f3a90c1, ap-7f3a90c2/, 1],
] as const) {
  test(`${typed} decides nothing`, async () => {
    const site = siteWith(approval("ap-7f3a90c1"), approval("ap-7f3a90c2"));
    const { status, stderr } = await run(site, `approve deny ${typed} -m no`);
    assert.is(status, code);
    assert.match(stderr, wanted);
    assert.not.ok(site.calls.includes("policy.decide"));
  });
}

for (const [what, more, code] of [
  ["one's own request", { requester: "reg-b" }, 2], ["what is decided", { status: "rejected" }, 4], ["what has expired", { status: "expired" }, 3],
] as const) {
  test(`${what} cannot be accepted: exit ${code}`, async () => {
    assert.is((await run(siteWith(approval("ap-7f3a90c1", more)), "approve accept ap-7f3a90c1")).status, code);
  });
}

test("a denial needs its reason", async () => {
  const { status, stderr } = await run(siteWith(approval("ap-7f3a90c1")), "approve deny ap-7f3a90c1");
  assert.is(status, 1);
  assert.match(stderr, /--message/);
});

test("group list counts the nodes of each vCluster; group show names them", async () => {
  const site = fakeSite({ nodes: [{ name: "n1", vcluster: "a" }, { name: "n2", vcluster: "a" }, { name: "n3", vcluster: "b" }, { name: "n4", vcluster: null }] });
  const list: { vcluster: string; nodes: number }[] = JSON.parse((await run(site, "group list")).stdout);
  assert.equal(list.map(({ vcluster, nodes }) => [vcluster, nodes]), [["a", 2], ["b", 1]]);
  const shown: { nodes: string[]; base_commit_window_seconds: number } = JSON.parse((await run(site, "group show a")).stdout);
  assert.equal([shown.nodes, shown.base_commit_window_seconds], [["n1", "n2"], 900]);
  assert.is((await run(site, "group show c")).status, 1);
});

test.run();
