// Running commands on a virtual node: streaming, limits, ends, and what is left behind.
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { admin, ai, exec, failureOf, NODE, namespacesMissing, openBench, ops, processesWith, until, viewer, type Bench } from "./support/agents.ts";

/** Lists what a child gets, with ordinary streams and with sealed ones. */
const SEALED = `const { spawnSync } = require("node:child_process");
import(${JSON.stringify(new URL("../../../src/site/agent/descriptors.js", import.meta.url).href)}).then(({ sealed }) => {
  const links = (stdio) => spawnSync("/bin/ls", ["-l", "/proc/self/fd"], { stdio }).stdout.toString().replaceAll("\\n", " ");
  console.log("with: " + links(["ignore", "pipe", "pipe"]));
  console.log("sealed: " + links(sealed("ignore", "pipe", "pipe")));
});`;

let bench: Bench;
const missing = await namespacesMissing();
const inNamespace = missing === null ? test : test.skip;
test.before(async () => { bench = await openBench({ agent: { execTimeoutS: 2, execOutputLimit: 1024 * 1024 } }); });
test.after(async () => { await bench.close(); });

inNamespace("a command answers with its output, its exit code and the server's time", async () => {
  const end = await exec(bench, viewer, ["uname", "-n"]);
  assert.is(end.error, undefined);
  assert.is(end.stdout.toString(), `${NODE}\n`);
  assert.is(end.exitCode, 0);
  assert.match(String(end.headers?.get("pact-time")[0]), /^\d{4}-/);
});

inNamespace("a failing command keeps its exit code and its stderr", async () => {
  const end = await exec(bench, viewer, ["ls", "/nowhere"]);
  assert.is(end.exitCode, 2);
  assert.match(end.stderr, /nowhere/);
});

inNamespace("a command starts in the node's root and sees nothing of the machine", async () => {
  const end = await exec(bench, viewer, ["ls"]);
  const names = end.stdout.toString().split("\n");
  assert.ok(names.includes("etc"));
  assert.not.ok(names.includes("home"));
  assert.not.ok(names.includes("work"));
  const inside = await exec(bench, viewer, ["cat", "/etc/hostname"]);
  assert.is(inside.stdout.toString(), `${NODE}\n`);
});

inNamespace("a command holds no right over the machine and cannot write to its programs", async () => {
  const end = await exec(bench, viewer, ["grep", "-E", "Cap(Bnd|Eff)|NoNewPrivs", "/proc/self/status"]);
  const bits = BigInt(`0x${/CapBnd:\s*([0-9a-f]+)/.exec(end.stdout.toString())?.[1] ?? "ffff"}`);
  for (const cap of [12, 16, 17, 18, 19, 21, 27]) assert.is(bits >> BigInt(cap) & 1n, 0n, `capability ${cap}`);
  assert.match(end.stdout.toString(), /NoNewPrivs:\s*1/);
  const mounts = (await exec(bench, viewer, ["mount"])).stdout.toString();
  assert.match(mounts, / on \/usr .*\(ro/);
  assert.match(mounts, / on \/proc type proc \(ro/);
});

inNamespace("the environment is short and pagers are off", async () => {
  const end = await exec(bench, viewer, ["cat", "/proc/self/status"]);
  assert.is(end.exitCode, 0);
  const refused = await exec(bench, viewer, ["cat", "/proc/self/environ"]);
  assert.is(failureOf(refused), "policy");
});

inNamespace("sysctl reads and sets the node's own values, and only as ops", async () => {
  const read = await exec(bench, viewer, ["sysctl", "-n", "kernel.hostname"]);
  assert.is(read.stdout.toString(), `${NODE}\n`);
  assert.is(failureOf(await exec(bench, viewer, ["sysctl", "-w", "vm.swappiness=11"])), "forbidden");
  const set = await exec(bench, ops, ["sysctl", "-w", "vm.swappiness=11"]);
  assert.is(set.exitCode, 0, set.stderr);
  assert.is((await exec(bench, viewer, ["sysctl", "-n", "vm.swappiness"])).stdout.toString(), "11\n");
});

inNamespace("ops mounts a tmpfs on the node and takes it away again", async () => {
  const made = await exec(bench, ops, ["mount", "-t", "tmpfs", "-o", "size=1m", "none", "/opt"]);
  assert.is(made.exitCode, 0, made.stderr);
  assert.match((await exec(bench, viewer, ["mount"])).stdout.toString(), /on \/opt type tmpfs/);
  assert.is((await exec(bench, ops, ["umount", "/opt"])).exitCode, 0);
});

inNamespace("names that are not on the list are refused, whoever asks", async () => {
  for (const command of ["bash", "/bin/ls", "rm", "python3", "", "__proto__"]) {
    const end = await exec(bench, admin, [command]);
    assert.is(failureOf(end), "notWhitelisted", command);
    assert.match(end.error?.details ?? "", /not whitelisted/);
    assert.is(end.exitCode, undefined);
  }
  assert.ok(bench.journal.texts("ENTRY_TYPE_EXEC_LOG").some((text) => text.startsWith("exec:bash denied")));
});

inNamespace("tokens and roles are told apart", async () => {
  assert.is(failureOf(await exec(bench, "token expired", ["uname"])), "unauthenticated");
  assert.is(failureOf(await exec(bench, ai, ["uname"])), "forbidden");
  assert.is(failureOf(await exec(bench, { ...ops, role: "pact-ops-other" }, ["uname"])), "forbidden");
  assert.is((await exec(bench, { ...ops, role: "pact-regulated-ml-training" }, ["uname"])).exitCode, 0);
});

inNamespace("a program that is not installed is named", async () => {
  const gone = ["nvidia-smi", "rocm-smi"].map((name) => exec(bench, viewer, [name]));
  for (const end of await Promise.all(gone)) if (end.error !== undefined) assert.match(end.error.details, /not found on PATH/);
});

inNamespace("output comes while the command runs, and a cancel leaves no process", async () => {
  const path = join(bench.dir, "nodes", NODE, "root/etc/growing");
  writeFileSync(path, "first\n");
  let came = false;
  const end = await exec(bench, viewer, ["tail", "-f", "/etc/growing"], NODE, (message, cancel) => {
    came = message.stdout?.toString() === "first\n";
    assert.is(processesWith("tail -f /etc/growing").length > 0, true);
    cancel();
  });
  assert.ok(came);
  assert.is(end.error?.code, 1);
  await until("no process is left", () => processesWith("/etc/growing").length === 0);
  await until("the journal knows", () => bench.journal.texts("ENTRY_TYPE_EXEC_LOG").some((text) => text.startsWith("exec:tail -f /etc/growing exit=-1 cancelled")));
});

inNamespace("a command that takes too long is ended and says so", async () => {
  const end = await exec(bench, viewer, ["tail", "-f", "/dev/null"]);
  assert.is(failureOf(end), "agentTimeout");
  assert.match(end.error?.details ?? "", /timed out after 2 seconds/);
  assert.is(processesWith("tail -f /dev/null").length, 0);
});

inNamespace("output beyond the limit is cut, said, and ends the command", async () => {
  const end = await exec(bench, viewer, ["cat", "/dev/zero"]);
  assert.is(end.stdout.length, 1024 * 1024);
  assert.is(end.exitCode, -1);
  assert.is(end.trailers?.get("pact-truncated")[0], "stdout");
  assert.match(end.stderr, /cut at 1048576 bytes/);
  assert.is(processesWith("cat /dev/zero").length, 0);
});

inNamespace("binary output arrives byte for byte", async () => {
  const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, at) => at * 7 % 256));
  writeFileSync(join(bench.dir, "nodes", NODE, "root/etc/binary"), bytes);
  assert.equal((await exec(bench, viewer, ["cat", "/etc/binary"])).stdout, bytes);
});

inNamespace("each run is in the journal before its exit code, with its size and digest", async () => {
  await exec(bench, ops, ["echo", "a b"]);
  const entry = bench.journal.entries.find(({ policy_ref }) => policy_ref.startsWith("exec:echo 'a b' exit=0 {"));
  assert.equal(entry?.author, { principal: "ops", principal_type: "Human", role: ops.role });
  const facts = JSON.parse(entry?.policy_ref.slice(entry.policy_ref.indexOf("{")) ?? "{}");
  assert.is(facts.stdout.bytes, 4);
  assert.is(facts.stdout.head, "a b\n");
  assert.match(facts.stdout.sha256, /^[0-9a-f]{64}$/);
});

inNamespace("a command inherits no file of the site, neither its own nor by way of the node's first process", async () => {
  // As a database library does: without the mark that closes it in children, and above those that Node marks when it starts.
  const child = spawn("/bin/bash", ["-c", "exec 100</etc/hostname; exec \"$0\" -e \"$1\"", process.execPath, SEALED], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString("utf8")));
  const code = await new Promise((resolve) => child.on("close", resolve));
  assert.is(code, 0);
  assert.match(said, /^with: .*etc\/hostname/m);
  assert.match(said, /^sealed: (?!.*hostname)/m);
  for (const folder of ["/proc/self/fd", "/proc/1/fd"]) {
    const links = (await exec(bench, viewer, ["ls", "-l", folder])).stdout.toString();
    assert.not.match(links, /-> \/(?!proc\/|dev\/null)/, folder);
  }
});

inNamespace("every call leaves one audit record", async () => {
  const before = bench.audit.length;
  await exec(bench, viewer, ["uptime"]);
  await exec(bench, viewer, ["bash"]);
  const records = bench.audit.slice(before);
  assert.equal(records.map(({ outcome, principal }) => ({ outcome, principal })), [{ outcome: "ok", principal: "viewer" }, { outcome: "denied", principal: "viewer" }]);
});

test.run();
