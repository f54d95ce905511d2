// The fakes themselves: what they add to the services they stand in for.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PactError } from "../../src/api/index.ts";
import { fakeSite } from "../../src/testing/fakes.ts";
import { collect, failure, never, summary } from "./support/client.ts";

const node = { kind: "node", name: "node-001" } as const;

test("a call that was expected and never came fails verify, by name", async () => {
  const site = fakeSite();
  site.expect("journal.append");
  assert.throws(() => site.verify(), /journal\.append/);
  await site.journal.append({ type: "COMMIT", scope: node, message: "m" }, { vcluster: "ml-training" }, never());
  site.verify();
  site.expect("journal.head", 2);
  await site.journal.head(never());
  assert.throws(() => site.verify(), /journal\.head/);
});

test("a call can be made to fail once; one that was to fail and never came is told", async () => {
  const site = fakeSite();
  site.refuse("enrollment.list", new PactError("unreachable", "gone"));
  assert.throws(() => site.verify(), /enrollment\.list/);
  await failure(site.enrollment.list({}, never()), "unreachable");
  assert.is((await site.enrollment.list({}, never())).length, 1);
  site.verify();
});

test("drift is reported, committed and rolled back", async () => {
  const site = fakeSite({ nodes: [{ name: "node-001", vcluster: "ml-training", files: { "/etc/motd": "hello\n" } }] });
  const virtual = site.node("node-001");
  const state = async () => (await (await site.agents.at("node-001", never())).state({ drift: true }, never())).drift;
  virtual.write("/etc/motd", "changed\n");
  assert.is((await state())?.count, 1);
  assert.is(site.entries.at(-1)?.type, "DRIFT_DETECTED");
  assert.is((await site.enrollment.inspect("node-001", never())).overview?.configState, "drifted");
  const before = site.entries.at(-1)?.seq ?? 0;
  await site.journal.append({ type: "COMMIT", scope: node, message: "m", delta: virtual.drift() }, { vcluster: "ml-training" }, never());
  assert.is((await state())?.count, 0);
  await site.journal.append({ type: "ROLLBACK", scope: node, message: "", parent: before }, { vcluster: "ml-training" }, never());
  assert.is(virtual.read("/etc/motd"), "hello\n");
});

test("an emergency shows on the nodes of its vCluster alone", async () => {
  const site = fakeSite({ nodes: [{ name: "a", vcluster: "x" }, { name: "b", vcluster: "y" }], now: () => new Date(0) });
  await site.journal.append({ type: "EMERGENCY_ON", scope: { kind: "vcluster", name: "x" }, message: "smoke" }, { vcluster: "x" }, never());
  const shown = async (): Promise<(string | undefined)[]> => (await site.enrollment.list({}, never())).map(({ overview }) => overview?.emergency?.reason);
  assert.equal(await shown(), ["smoke", undefined]);
  await site.journal.append({ type: "EMERGENCY_OFF", scope: { kind: "vcluster", name: "x" }, message: "" }, { vcluster: "x" }, never());
  assert.equal(await shown(), [undefined, undefined]);
});

test("commands can be scripted, and a node can be out of reach", async () => {
  const site = fakeSite({ commands: { "nvidia-smi": () => ({ stdout: "GPU 0\n", exit: 9, signal: "SIGTERM" }) } });
  const agent = await site.agents.at("node-001", never());
  const ran = summary(await collect(agent.exec(["nvidia-smi"], never())));
  assert.equal([ran.stdout, ran.exit, ran.signal], ["GPU 0\n", 9, "SIGTERM"]);
  site.node("node-001").reachable = false;
  assert.is(summary(await collect(agent.exec(["uname"], never()))).problem?.failure, "connection");
  await failure(agent.state({}, never()), "connection");
});

test.run();
