// The site's folder and its lock.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { prepareFolder } from "../../src/site/folder.ts";
import { holderOf, isAlive, startTicksOf, tryLock } from "../../src/site/lock.ts";
import { defaultSiteDir, siteDirOf, sitePaths } from "../../src/site/paths.ts";
import { resetSite, stopSite } from "../../src/site/stop.ts";
import { tempFolder } from "../support/folder.ts";

test("the default folder follows the XDG variable when it is absolute", () => {
  assert.is(defaultSiteDir({ HOME: "/home/u" }), "/home/u/.local/share/pact/site");
  assert.is(defaultSiteDir({ HOME: "/home/u", XDG_DATA_HOME: "/data" }), "/data/pact/site");
  assert.is(defaultSiteDir({ HOME: "/home/u", XDG_DATA_HOME: "data" }), "/home/u/.local/share/pact/site");
});

test("a folder is made for its owner alone, and one that is open is closed", () => {
  const dir = join(tempFolder(), "a", "b");
  const paths = prepareFolder(dir);
  assert.is(statSync(dir).mode & 0o777, 0o700);
  assert.ok(existsSync(paths.marker));
  chmodSync(dir, 0o755);
  prepareFolder(dir);
  assert.is(statSync(dir).mode & 0o777, 0o700);
});

test("a folder with other files, a file, and a path too long for a socket are refused", () => {
  const used = tempFolder();
  writeFileSync(join(used, "thesis.tex"), "");
  assert.throws(() => prepareFolder(used), /holds other files/);
  assert.equal(readdirSync(used), ["thesis.tex"]);
  assert.throws(() => prepareFolder(join(used, "thesis.tex")), /a file is in its place|is not a folder/);
  assert.throws(() => prepareFolder(join(tempFolder(), "x".repeat(120))), /too long for a socket/);
});

test("a link to a folder means the folder", () => {
  const top = tempFolder();
  mkdirSync(join(top, "real"));
  symlinkSync("real", join(top, "link"));
  assert.is(prepareFolder(join(top, "link")).dir, prepareFolder(join(top, "real")).dir);
});

test("of two only one has the lock, and the next gets it when it is given back", () => {
  const file = join(tempFolder(), "lock");
  const release = tryLock(file);
  assert.ok(release);
  assert.is(tryLock(file), undefined);
  assert.equal(holderOf(file), { pid: process.pid, startTicks: startTicksOf(process.pid) });
  release?.();
  const again = tryLock(file);
  assert.ok(again);
  again?.();
});

test("the lock of a killed process is free, and its holder is known to be gone", async () => {
  const file = join(tempFolder(), "lock");
  const module = new URL("../../src/site/lock.js", import.meta.url).href;
  const script = `const { tryLock } = await import(${JSON.stringify(module)}); tryLock(${JSON.stringify(file)}); console.log("held"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const gone = new Promise((resolve) => child.once("exit", resolve));
  await new Promise((resolve) => child.stdout.once("data", resolve));
  assert.is(tryLock(file), undefined);
  const holder = holderOf(file);
  assert.is(holder?.pid, child.pid);
  assert.ok(holder !== undefined && isAlive(holder));
  child.kill("SIGKILL");
  await gone;
  assert.not(holder !== undefined && isAlive(holder));
  const release = tryLock(file);
  assert.ok(release);
  release?.();
});

test("a process of the same number that began at another time is not the holder", () => {
  assert.not(isAlive({ pid: process.pid, startTicks: "1" }));
  assert.not(isAlive({ pid: 2 ** 22 + 1, startTicks: "1" }));
});

test("a dead process that nobody has waited for holds nothing", async () => {
  const child = spawn("/bin/sh", ["-c", "sleep 0.1 & echo $!; exec sleep 20"], { stdio: ["ignore", "pipe", "inherit"] });
  const gone = new Promise((resolve) => child.once("exit", resolve));
  const pid = Number(await new Promise((resolve) => child.stdout.once("data", (data: Buffer) => resolve(data.toString()))));
  const end = performance.now() + 5_000;
  while (startTicksOf(pid) !== undefined && performance.now() < end) await new Promise((resolve) => setImmediate(resolve));
  assert.is(startTicksOf(pid), undefined);
  assert.ok(existsSync(`/proc/${pid}`), "it still has its number");
  child.kill("SIGKILL");
  await gone;
});

test("a reset removes what is the site's and nothing else", () => {
  const dir = join(tempFolder(), "site");
  const paths = prepareFolder(dir);
  mkdirSync(join(dir, "journal"));
  writeFileSync(join(dir, "journal", "data.mdb"), "");
  writeFileSync(paths.config, "");
  writeFileSync(join(dir, "notes.txt"), "mine");
  const outside = tempFolder();
  writeFileSync(join(outside, "kept"), "");
  mkdirSync(join(dir, "nodes"));
  symlinkSync(outside, join(dir, "nodes", "link"));
  const { removed, left } = resetSite(dir);
  assert.equal(left, ["notes.txt"]);
  assert.ok(removed.includes("journal") && removed.includes("nodes"));
  assert.equal(readdirSync(dir), ["notes.txt"]);
  assert.ok(existsSync(join(outside, "kept")));
});

test("a reset leaves nothing of a site that holds only its own", () => {
  const dir = join(tempFolder(), "site");
  prepareFolder(dir);
  resetSite(dir);
  assert.not(existsSync(dir));
});

test("a reset refuses a folder without the mark, and one whose site runs", () => {
  const other = tempFolder();
  writeFileSync(join(other, "site.json"), "{}");
  assert.throws(() => resetSite(other), /is not a site's folder/);
  assert.equal(readdirSync(other), ["site.json"]);
  const dir = join(tempFolder(), "site");
  const release = tryLock(prepareFolder(dir).lock);
  assert.throws(() => resetSite(dir), /a site runs in/);
  release?.();
});

test("stopping what does not run says so", async () => {
  const dir = join(tempFolder(), "site");
  for (const prepare of [() => {}, () => void prepareFolder(dir)]) {
    prepare();
    let message = "";
    await stopSite(dir).catch((error: unknown) => (message = String(error)));
    assert.match(message, /no site runs in/);
  }
});

test("a given folder is made absolute and ~ means home", () => {
  assert.is(siteDirOf("/x/../y"), "/y");
  assert.match(siteDirOf("~/s"), /^\/.*\/s$/);
  assert.is(sitePaths("/d").socket, "/d/control.sock");
});

test.run();
