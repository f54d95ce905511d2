// Commands over services in memory: what each returns, and what it asks for.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PactError, type Setting } from "../../src/api/index.ts";
import builtins from "../../src/builtins/plugin.ts";
import { type FakeSite, fakeSite, runCommand } from "../../src/testing/index.ts";

const flag = (value: string): Setting<string> => ({ value, from: "flag", where: "--vcluster" });
const current = (value: string): Setting<string> => ({ value, from: "session", where: "use" });
const three = (): FakeSite => fakeSite({
  nodes: [
    { name: "node-010", vcluster: "ml-training", files: { "/etc/motd": "hello\n" } },
    { name: "node-9", vcluster: "ml-training" },
    { name: "spare-1", vcluster: null },
  ],
});

test("status lists nodes in the order of their numbers, one object each", async () => {
  const site = three();
  const run = await runCommand(builtins, "status", { services: site.services(), format: "json" });
  assert.is(run.status, 0, run.stderr);
  const rows: { node_id: string; reachable: boolean; drift: { count: number } }[] = JSON.parse(run.stdout);
  assert.equal(rows.map(({ node_id }) => node_id), ["node-9", "node-010", "spare-1"]);
  assert.ok(rows.every(({ reachable, drift }) => reachable && drift.count === 0));
});

test("status of an unreachable node is a row, a problem and exit 1", async () => {
  const site = three();
  site.node("node-9").reachable = false;
  const run = await runCommand(builtins, "status --output json", { services: site.services(), format: "json" });
  assert.is(run.status, 1);
  const rows: { node_id: string; reachable: boolean }[] = JSON.parse(run.stdout);
  assert.equal(rows.filter(({ reachable }) => !reachable).map(({ node_id }) => node_id), ["node-9"]);
  assert.is(run.problems[0]?.about.node, "node-9");
});

test("status of a vCluster that nobody knows names those that are known", async () => {
  const run = await runCommand(builtins, "status", { services: three().services(), vcluster: flag("ml-trainig") });
  assert.is(run.status, 1);
  assert.match(run.stderr, "no vCluster called ml-trainig");
  assert.match(run.stderr, "ml-training");
});

test("status of a node outside the vCluster given is refused", async () => {
  const run = await runCommand(builtins, "status node-9", { services: three().services(), vcluster: flag("dev") });
  assert.is(run.status, 1);
  assert.match(run.stderr, "node-9 is not in vCluster dev");
});

test("diff shows what changed, commit takes it over, and nothing is left", async () => {
  const site = three();
  site.node("node-010").write("/etc/motd", "changed\n");
  const diff = await runCommand(builtins, "diff", { services: site.services(), node: current("node-010"), format: "json" });
  assert.equal(JSON.parse(diff.stdout).map(({ key, action }: { key: string; action: string }) => [key, action]), [["/etc/motd", "modify"]]);
  const commit = await runCommand(builtins, 'commit -m "new motd"', { services: site.services(), node: current("node-010") });
  assert.is(commit.status, 0, commit.stderr);
  assert.match(commit.stdout, "node-010: committed seq");
  const entry = site.entries.find(({ type }) => type === "COMMIT");
  assert.equal(entry?.scope, { kind: "node", name: "node-010" });
  assert.is(entry?.message, "new motd");
  assert.is(entry?.delta?.length, 1);
  const after = await runCommand(builtins, "diff node-010", { services: site.services() });
  assert.is(after.stdout, "");
  assert.match(after.stderr, "No drift");
});

test("commit without a current node commits every drifted node of the vCluster", async () => {
  const site = three();
  site.node("node-010").write("/etc/motd", "a\n");
  site.node("node-9").write("/etc/issue", "b\n");
  const run = await runCommand(builtins, "commit -m both", { services: site.services(), vcluster: flag("ml-training"), format: "json" });
  assert.equal(JSON.parse(run.stdout).map(({ node_id, status }: { node_id: string; status: string }) => [node_id, status]).sort(),
    [["node-010", "committed"], ["node-9", "committed"]]);
});

test("commit without drift anywhere is one entry of the vCluster, and says so", async () => {
  const site = three();
  const run = await runCommand(builtins, "commit -m quiet", { services: site.services(), vcluster: flag("ml-training") });
  assert.is(run.stdout, "ml-training: committed seq 0\n");
  assert.match(run.stderr, "no drift on any node");
  assert.is(site.entries[0]?.delta ?? null, null);
});

test("commit never means everything: without vCluster and node it is refused, and so on this host", async () => {
  const site = three();
  for (const node of [undefined, { value: "node-9", from: "host", where: "this host" } as const]) {
    const run = await runCommand(builtins, "commit -m x", { services: site.services(), ...(node === undefined ? {} : { node }) });
    assert.is(run.status, 1);
    assert.match(run.stderr, "--vcluster NAME");
  }
  assert.is(site.entries.length, 0);
});

test("commit --dry-run writes nothing", async () => {
  const site = three();
  site.node("node-9").write("/etc/issue", "b\n");
  const run = await runCommand(builtins, "commit -m x", { services: site.services(), node: current("node-9"), options: { dryRun: true } });
  assert.is(run.status, 0);
  assert.match(run.stderr, "would commit 1 difference");
  assert.not.ok(site.entries.some(({ type }) => type === "COMMIT"));
});

test("commit refuses a time to live out of bounds before anything is sent", async () => {
  const site = three();
  for (const ttl of ["14m", "11d"]) {
    const run = await runCommand(builtins, `commit -m x --ttl ${ttl}`, { services: site.services(), vcluster: flag("ml-training") });
    assert.is(run.status, 1);
    assert.match(run.stderr, "from 15m to 10d");
  }
  assert.equal(site.calls, []);
});

test("one node that fails does not hide what the others committed", async () => {
  const site = three();
  site.node("node-010").write("/etc/motd", "a\n");
  site.node("node-9").write("/etc/issue", "b\n");
  site.refuse("journal.append", new PactError("conflict", "node-x was changed meanwhile"));
  const run = await runCommand(builtins, "commit -m both", { services: site.services(), vcluster: flag("ml-training"), format: "json" });
  assert.is(run.status, 4);
  assert.is(JSON.parse(run.stdout).length, 1);
  assert.is(run.problems.length, 1);
});

test("log is newest first, and --scope and --vcluster are not said twice", async () => {
  const site = three();
  for (const message of ["one", "two", "three"]) {
    await runCommand(builtins, `commit -m ${message}`, { services: site.services(), vcluster: flag("ml-training") });
  }
  const run = await runCommand(builtins, "log -n 2", { services: site.services(), format: "json" });
  assert.equal(JSON.parse(run.stdout).map(({ message }: { message: string }) => message), ["three", "two"]);
  const twice = await runCommand(builtins, "log --scope global", { services: site.services(), vcluster: flag("ml-training") });
  assert.match(twice.stderr, "twice");
});

test("watch shows what concerns the vCluster, until it is cancelled", async () => {
  const site = three();
  const cancel = new AbortController();
  const watching = runCommand(builtins, "watch --since 0", { services: site.services(), vcluster: flag("ml-training"), signal: cancel.signal, format: "json", onOutput: () => cancel.abort() });
  await runCommand(builtins, "commit -m seen", { services: site.services(), vcluster: flag("ml-training") });
  const { stdout } = await watching;
  assert.is(JSON.parse(stdout.split("\n")[0] ?? "{}").message, "seen");
});

test("exec passes words as they are and tells a remote status", async () => {
  const site = fakeSite({ commands: { fail: () => ({ exit: 7, stderr: "no\n" }) } });
  const run = await runCommand(builtins, "exec node-001 -- fail", { services: site.services() });
  assert.is(run.status, 1);
  assert.is(run.stderr, "no\nnode-001: exit 7\n");
});

test("exec of what is not whitelisted is 6", async () => {
  const run = await runCommand(builtins, "exec node-001 -- rm -rf /", { services: fakeSite().services() });
  assert.is(run.status, 6);
});

test("shell without a terminal points at exec", async () => {
  const terminal = () => ({ interactive: false, lease: () => { throw new Error("not to be lent"); } });
  const run = await runCommand(builtins, "shell node-001", { services: { ...fakeSite().services(), terminal } });
  assert.is(run.status, 1);
  assert.match(run.stderr, "pact exec node-001 -- CMD");
});

test.run();
