// Full disks: of the site, and of what a command's output goes to.
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, rmdirSync, statfsSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { launchSite } from "../../src/site/launch.ts";
import { stopSite } from "../../src/site/stop.ts";
import { runPact, scrubbedEnv, type Ran } from "../support/site.ts";
import { tempFolder } from "../support/folder.ts";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));

/** A disk of its own; undefined where none may be mounted. */
function smallDisk(size: string): string | undefined {
  const path = mkdtempSync(join(tmpdir(), "pact-disk-"));
  if (spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "none", path]).status === 0) return path;
  rmdirSync(path);
  return undefined;
}

function fill(path: string): string {
  const name = join(path, "fill");
  const fd = openSync(name, "w");
  try {
    for (;;) writeSync(fd, Buffer.alloc(64 * 1024));
  } catch {
    return name;
  } finally {
    closeSync(fd);
  }
}

const disk = smallDisk("24m");
const withDisk = disk === undefined ? test.skip : test;
test.after(() => {
  if (disk === undefined) return;
  spawnSync("umount", ["--lazy", disk]);
  rmdirSync(disk);
});

withDisk("a site whose disk is full says so, loses nothing it acknowledged, and is whole when it starts again", async () => {
  const dir = join(disk ?? "", "site");
  const home = tempFolder();
  const start = { dir, port: 0, nodes: 1, bare: true };
  let site = (await launchSite(start, { attached: true })).file;
  const pact = (...words: string[]): Promise<Ran> => runPact([...words, "--vcluster", "ml-training"], { ...scrubbedEnv(home), PACT_ENDPOINT: site.journal.grpc, PACT_TOKEN: token });
  const mint = async (): Promise<string> => (await runPact(["site", "token", "admin", "--dir", dir], scrubbedEnv(home))).stdout.trim();
  let token = await mint();
  try {
    assert.is((await pact("commit", "-m", "before")).status, 0);
    const filler = fill(disk ?? "");
    // What had room already may still go through; what is acknowledged must be there later.
    const acknowledged = ["before"];
    let refused: Ran | undefined;
    for (let turn = 0; refused === undefined && turn < 30; turn += 1) {
      const ran = await pact("commit", "-m", `full-${turn}`);
      if (ran.status === 0) acknowledged.push(`full-${turn}`);
      else refused = ran;
    }
    assert.is(refused?.status, 1);
    assert.match(refused?.stderr ?? "", /no space left on the disk of/);
    assert.match(refused?.stderr ?? "", /server says: make room if the disk is full, then start the site again: pact site down && pact site up/);
    rmSync(filler);
    await stopSite(dir);
    site = (await launchSite({ dir, nodes: 1, bare: true }, { attached: true })).file;
    token = await mint();
    const log = await pact("log");
    for (const message of acknowledged) assert.match(log.stdout, new RegExp(`  ${message}\n`));
    assert.is((await pact("commit", "-m", "after")).status, 0);
    const checked = await runPact(["site", "verify", "--dir", dir], scrubbedEnv(home));
    assert.is(checked.status, 0, checked.stderr);
  } finally {
    await stopSite(dir);
  }
  assert.ok(statfsSync(disk ?? "").bavail > 0);
});

test("output to a full disk is said and ends with 1, in every format", () => {
  for (const format of ["text", "json"]) {
    const full = openSync("/dev/full", "w");
    try {
      const ran = spawnSync(process.execPath, [MAIN, "version", "--output", format], { env: scrubbedEnv(tempFolder()), stdio: ["ignore", full, "pipe"], encoding: "utf8" });
      assert.is(ran.status, 1);
      assert.match(ran.stderr, /cannot write the output/);
      assert.match(ran.stderr, /no space left/);
    } finally {
      closeSync(full);
    }
  }
});

test.run();
