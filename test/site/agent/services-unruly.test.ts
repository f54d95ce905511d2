// Services that misbehave, in a real namespace: nothing of them outlives what was asked, and the node goes on.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { as, exec, namespacesMissing, NODE, nodeState, openBench, ops, processesWith, until, type Bench } from "./support/agents.ts";

const missing = await namespacesMissing();
const inNamespace = missing === null ? test : test.skip;
let bench: Bench;
test.before(async () => { if (missing === null) bench = await openBench(); });
test.after(async () => { await bench?.close(); });

const root = (path: string): string => join(bench.dir, "nodes", NODE, "root", path);
const define = (text: string): void => writeFileSync(root("run/pact/services.toml"), text);
const service = async (name: string) => (await nodeState(bench, { services: true })).services.find((one) => one.name === name);
const control = async (...words: string[]) => {
  const { exitCode, stderr, error } = await exec(bench, ops, ["systemctl", ...words]);
  return { exitCode, stderr, error };
};
const bash = (name: string, script: string, more = ""): string => `[services.${name}]\nbinary = "bash"\nargs = ["-c", ${JSON.stringify(script)}]\nstate = "stopped"\n${more}\n`;
const running = (mark: string): string[] => processesWith(mark).filter((line) => !line.includes("pact-service"));

inNamespace("one that ignores SIGTERM is killed after the grace, and all it started with it", async () => {
  define(bash("deaf", 'trap "" TERM; setsid bash -c \'trap "" TERM; while :; do sleep 87101; done\' & while :; do sleep 87102; done'));
  assert.is((await control("start", "deaf")).exitCode, 0);
  await until("both sleep", () => running("sleep 87101").length > 0 && running("sleep 87102").length > 0);
  const start = performance.now();
  const stopping = control("stop", "deaf");
  await until("it says so", async () => (await service("deaf"))?.state === "Stopping");
  assert.is((await stopping).exitCode, 0);
  assert.ok(performance.now() - start > 4500 && performance.now() - start < 9000);
  assert.equal(processesWith("8710"), []);
});

inNamespace("what forks into the background ends with the process it was started as", async () => {
  define(bash("daemon", "setsid bash -c 'setsid sleep 87201 & setsid sleep 87202 & sleep 87203' & until [[ $(ps -eo args) == *87201*87202* || $(ps -eo args) == *87202*87201* ]]; do :; done; exit 3", 'restart = "never"'));
  await control("start", "daemon");
  await until("its first process ended", async () => (await service("daemon"))?.state === "Failed");
  assert.equal(running("8720"), []);
  assert.match((await exec(bench, ops, ["systemctl", "status", "daemon"])).stdout.toString(), /Reason: it ended with exit 3/);
});

inNamespace("a flood of output is taken slowly, kept within bounds, and ends at once", async () => {
  define(bash("flood", "yes 87301 0123456789012345678901234567890123456789"));
  await control("start", "flood");
  await until("it is full", () => existsSync(root("run/pact/logs/flood.log.1")));
  const used = process.cpuUsage();
  const since = performance.now();
  await until("it goes on", () => performance.now() - since > 700);
  const { user, system } = process.cpuUsage(used);
  assert.ok((user + system) / 1000 < (performance.now() - since) * 0.6, "the site has time for others");
  assert.ok(statSync(root("run/pact/logs/flood.log")).size <= 1024 * 1024 && statSync(root("run/pact/logs/flood.log.1")).size <= 1024 * 1024);
  assert.is((await exec(bench, ops, ["journalctl", "-u", "flood", "-n", "3"])).stdout.toString().trim().split("\n").length, 3);
  const start = performance.now();
  assert.is((await control("stop", "flood")).exitCode, 0);
  assert.ok(performance.now() - start < 3000);
  assert.equal(running("yes 87301"), []);
});

inNamespace("a binary that does not exist, is a folder, or is not executable, is said at once", async () => {
  define(["/no/such/program", "no-such-program", "/etc", "/etc/hostname"].map((binary, n) => `[services.bad${n}]\nbinary = "${binary}"\nstate = "stopped"\n`).join(""));
  for (const name of ["bad0", "bad1", "bad2", "bad3"]) {
    const { exitCode, stderr } = await control("start", name);
    assert.is(exitCode, 1);
    assert.match(stderr, new RegExp(`^Job for ${name}\\.service failed: \\S+ is not there or may not be run\n`));
    assert.is((await service(name))?.state, "Failed");
  }
  assert.is((await control("start", "nobody")).exitCode, 5);
  assert.is((await control("status", "nobody")).exitCode, 4);
});

inNamespace("what it needs is started first; what needs something broken is not started", async () => {
  define(bash("base", "exec sleep 87401") + bash("top", "exec sleep 87402", 'depends_on = ["base"]') + bash("lost", "exec sleep 87403", 'depends_on = ["broken"]') + '[services.broken]\nbinary = "/no"\nstate = "stopped"\n');
  assert.is((await control("start", "top")).exitCode, 0);
  assert.is((await service("base"))?.state, "Running");
  assert.match((await control("start", "lost")).stderr, /it needs broken: \/no is not there/);
  assert.equal(running("sleep 87403"), []);
});

inNamespace("three restarts at once leave one process", async () => {
  const answers = await Promise.all([1, 2, 3].map(() => control("restart", "base")));
  assert.equal(answers.map(({ exitCode }) => exitCode), [0, 0, 0]);
  await until("one is left", () => running("sleep 87401").length === 1);
  assert.is((await service("base"))?.restart_count, 3);
});

inNamespace("a service whose definition is gone is ended; nonsense in the file changes nothing", async () => {
  define("= nonsense");
  const state = await nodeState(bench, { services: true, drift: true });
  assert.is(state.services.find(({ name }) => name === "base")?.state, "Running");
  assert.match(state.drift?.delta?.services[0]?.actual_state ?? "", /^unreadable: line 1: /);
  define(bash("top", "exec sleep 87402"));
  await until("it is ended", () => running("sleep 87401").length === 0);
  assert.is((await service("top"))?.state, "Running");
});

inNamespace("somebody kills what holds it from outside: nothing is left, and it is started again", async () => {
  const outer = processesWith("sleep 87402").find((line) => line.includes("nsenter"));
  assert.ok(outer);
  const before = (await service("top"))?.pid;
  process.kill(Number(outer.split(" ")[0]), "SIGKILL");
  await until("it is back", async () => { const now = await service("top"); return now?.state === "Running" && now.pid !== before; });
  await until("once", () => running("sleep 87402").length === 1);
  const holder = processesWith(`pact-node ${bench.dir}`).find((line) => !line.includes("unshare"));
  process.kill(Number(holder?.split(" ")[0]), "SIGKILL");
  await until("it is back in a new namespace", async () => {
    const now = await service("top");
    return now?.state === "Running" && now.restart_count >= 2 && running("sleep 87402").length === 1;
  });
});

inNamespace("a service can neither see nor write beside its node, nor mount", async () => {
  define(bash("spy", `echo "site: $(ls ${JSON.stringify(bench.dir)} 2>&1)"; mount -t tmpfs x /opt 2>&1; mknod /opt/disk b 254 0 2>&1; hostname evil 2>&1; exec sleep 87501`));
  await control("start", "spy");
  const said = await until("it has said all", async () => { const text = (await exec(bench, ops, ["journalctl", "-u", "spy"])).stdout.toString(); return text.includes("hostname: ") ? text : ""; });
  assert.match(said, /^site: ls: cannot access/);
  assert.match(said, /mount: .*(?:denied|must be superuser|permission)/i);
  assert.match(said, /mknod: .*not permitted/i);
});

inNamespace("who does not wait for the end of a stop is let go, and it is stopped and recorded all the same", async () => {
  define(bash("deaf", 'trap "" TERM; while :; do sleep 87801; done') + bash("spy", "exec sleep 87501"));
  assert.is((await control("start", "deaf")).exitCode, 0);
  const stops = (): number => bench.journal.texts("ENTRY_TYPE_SERVICE_LIFECYCLE").filter((text) => text === "service:stop:deaf").length;
  const before = stops();
  const call = bench.client("pact.shell.ShellService").Exec({ command: "systemctl", args: ["stop", "deaf"] }, as(ops));
  call.on("error", () => {});
  await until("it is stopping", async () => (await service("deaf"))?.state === "Stopping");
  call.cancel();
  await until("the command is recorded", () => bench.journal.texts("ENTRY_TYPE_EXEC_LOG").some((text) => text.startsWith("exec:systemctl stop deaf exit=-1 cancelled")));
  await until("so is the stop", () => stops() > before);
  assert.equal(running("87801"), []);
});

inNamespace("a node that is taken out of service ends its services, and starts them again when it is back", async () => {
  await until("it runs", () => running("sleep 87501").length === 1);
  await bench.agents.control(NODE, "stop");
  assert.equal(running("sleep 87501"), []);
  await bench.agents.control(NODE, "resume");
  await until("it runs again", () => running("sleep 87501").length === 1);
  assert.is((await service("spy"))?.state, "Running");
});

inNamespace("the end of the node ends its services, also one that is still being started", async () => {
  define(bash("slow", "exec sleep 87601") + bash("spy", "exec sleep 87501"));
  await service("slow");
  void control("start", "slow");
  await bench.restart();
  await until("nothing is left", () => running("87501").length === 0);
  assert.equal((await nodeState(bench, { services: true })).services.map(({ name, state }) => [name, state]), [["slow", "Stopped"], ["spy", "Stopped"]]);
  await until("nothing is left", () => running("87601").length === 0);
});

inNamespace("when the site's process is killed, its services end, the daemons among them too", async () => {
  const dir = mkdtempSync(join(tmpdir(), "pact-killed-services-"));
  const module = (name: string): string => JSON.stringify(fileURLToPath(new URL(`../../../src/site/${name}`, import.meta.url)));
  const script = `
    const { namespacePlace } = await import(${module("agent/place.js")});
    const { makeRoot } = await import(${module("agent/root.js")});
    const { openSupervisor } = await import(${module("agent/supervisor.js")});
    const { realClock } = await import(${module("clock.js")});
    const { writeFileSync } = await import("node:fs");
    makeRoot(${JSON.stringify(dir)}, "node-001", []);
    writeFileSync(${JSON.stringify(join(dir, "run/pact/services.toml"))}, ${JSON.stringify(bash("daemon", 'trap "" TERM HUP; setsid bash -c \'trap "" TERM HUP; sleep 87701\' & sleep 87702').replace('state = "stopped"', ""))});
    const supervisor = openSupervisor({ place: await namespacePlace(${JSON.stringify(dir)}, "node-001"), clock: realClock(), changed() {}, failed() {} });
    await supervisor.statuses();
    setInterval(() => {}, 1000);`;
  const site = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "inherit", "inherit"] });
  try {
    await until("both sleep", () => running("sleep 87701").length > 0 && running("sleep 87702").length > 0);
    site.kill("SIGKILL");
    await until("nothing is left", () => [...processesWith(dir), ...processesWith("8770")].filter((line) => !line.startsWith(`${site.pid} `)).length === 0);
  } finally {
    site.kill("SIGKILL");
    rmSync(dir, { recursive: true, force: true });
  }
});

test.run();
