// What stays behind when the site's process is killed: nothing; and what a node keeps: its root.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { exec, namespacesMissing, NODE, openBench, ops, processesWith, until, viewer } from "./support/agents.ts";

const missing = await namespacesMissing();
const inNamespace = missing === null ? test : test.skip;

inNamespace("when the site's process is killed, its namespaces and all that runs in them end", async () => {
  const dir = mkdtempSync(join(tmpdir(), "pact-killed-"));
  const namespace = fileURLToPath(new URL("../../../src/site/agent/namespace.js", import.meta.url));
  const root = fileURLToPath(new URL("../../../src/site/agent/root.js", import.meta.url));
  const script = `
    const { openNamespace } = await import(${JSON.stringify(namespace)});
    const { makeRoot } = await import(${JSON.stringify(root)});
    const { spawn } = await import("node:child_process");
    makeRoot(${JSON.stringify(dir)}, "node-001", []);
    const made = await openNamespace(${JSON.stringify(dir)}, "node-001");
    const { file, args } = made.enter("/usr/bin/tail", ["-f", "/etc/hostname", "--pid=1"]);
    spawn(file, args, { stdio: "ignore", detached: true });
    process.stdout.write("up");`;
  const site = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    let text = "";
    site.stdout.on("data", (chunk: Buffer) => { text += chunk.toString(); });
    await until("the namespace is up", () => text === "up");
    await until("a command runs in it", () => processesWith("--pid=1").some((line) => line.includes(" /usr/bin/tail") && !line.includes("nsenter")));
    assert.ok(processesWith(dir).length >= 2);
    site.kill("SIGKILL");
    await until("nothing is left", () => [...processesWith(dir), ...processesWith("--pid=1")].filter((line) => !line.startsWith(`${site.pid} `)).length === 0);
  } finally {
    site.kill("SIGKILL");
    rmSync(dir, { recursive: true, force: true });
  }
});

inNamespace("a namespace whose holder was ended is made anew for the next command", async () => {
  const bench = await openBench();
  try {
    const holder = processesWith(`pact-node ${bench.dir}`).find((line) => !line.includes("unshare"));
    process.kill(Number(holder?.split(" ")[0]), "SIGKILL");
    await until("it is gone", () => processesWith(`pact-node ${bench.dir}`).length === 0);
    assert.is((await exec(bench, viewer, ["uname", "-n"])).stdout.toString(), `${NODE}\n`);
  } finally {
    await bench.close();
  }
});

inNamespace("orphans in a namespace are reaped", async () => {
  const bench = await openBench();
  try {
    for (let n = 0; n < 5; n++) await exec(bench, viewer, ["uname"]);
    const holder = processesWith(`pact-node ${bench.dir}`).find((line) => !line.includes("unshare"))?.split(" ")[0];
    const zombies = (await exec(bench, viewer, ["ps", "-eo", "stat="])).stdout.toString().split("\n").filter((state) => state.startsWith("Z"));
    assert.equal(zombies, []);
    assert.ok(holder);
  } finally {
    await bench.close();
  }
});

inNamespace("10 MiB come through whole, at the speed of the reader", async () => {
  const bench = await openBench();
  try {
    const bytes = Buffer.alloc(10 * 1024 * 1024, "0123456789abcdef");
    writeFileSync(join(bench.dir, "nodes", NODE, "root/etc/big"), bytes);
    const end = await exec(bench, viewer, ["cat", "/etc/big"]);
    assert.is(end.exitCode, 0);
    assert.ok(end.stdout.equals(bytes));
    assert.is(end.trailers?.get("pact-truncated").length, 0);
  } finally {
    await bench.close();
  }
});

inNamespace("twenty commands at once on one node all answer", async () => {
  const bench = await openBench();
  try {
    const ends = await Promise.all(Array.from({ length: 20 }, (_, n) => exec(bench, ops, ["echo", String(n)])));
    assert.equal(ends.map(({ stdout }) => stdout.toString()), Array.from({ length: 20 }, (_, n) => `${n}\n`));
    assert.is(bench.journal.texts("ENTRY_TYPE_EXEC_LOG").length, 20);
  } finally {
    await bench.close();
  }
});

inNamespace("a restart keeps the node's files and makes the shell's folder afresh", async () => {
  const bench = await openBench();
  try {
    const root = join(bench.dir, "nodes", NODE, "root");
    writeFileSync(join(root, "opt/kept"), "kept");
    writeFileSync(join(root, "run/pact/bin/evil"), "#!/bin/sh\n");
    await bench.restart();
    assert.is(readFileSync(join(root, "opt/kept"), "utf8"), "kept");
    assert.not(existsSync(join(root, "run/pact/bin/evil")));
    assert.is((await exec(bench, viewer, ["cat", "/opt/kept"])).stdout.toString(), "kept");
  } finally {
    await bench.close();
  }
});

test.run();
