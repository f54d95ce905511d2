// The lock that lets one process of many renew a login.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { withLock } from "../../src/auth/lock.ts";

let dir = "";
let path = "";
test.before.each(() => {
  dir = mkdtempSync(join(tmpdir(), "pact-lock-"));
  path = join(dir, "lock");
});
test.after.each(() => rmSync(dir, { recursive: true, force: true }));

const options = (change: object = {}) => ({ path, now: () => Date.now(), holdMs: 60_000, waitMs: 60, ...change });
const take = (change: object = {}): Promise<string | undefined> => withLock(options(change), () => undefined, async () => "worked");

/** What a holder of the lock writes, with another pid. */
async function heldBy(pid: number, change: object = {}): Promise<string> {
  let text = "";
  await withLock(options(), () => undefined, async () => {
    text = readFileSync(path, "utf8");
  });
  return JSON.stringify({ ...JSON.parse(text), pid, ...change });
}

test("only one works at a time, and the folder is clean afterwards", async () => {
  let inside = 0;
  let most = 0;
  const work = async (): Promise<string> => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
    return "worked";
  };
  const results = await Promise.all(Array.from({ length: 10 }, () => withLock(options({ waitMs: 5000 }), () => undefined, work)));
  assert.ok(results.every((result) => result === "worked"));
  assert.is(most, 1);
  assert.equal(readdirSync(dir), []);
});

test("a failure of the work lets the lock go", async () => {
  const message = await withLock(options(), () => undefined, async () => await Promise.reject(new Error("broke"))).catch((error: Error) => error.message);
  assert.is(message, "broke");
  assert.not.ok(existsSync(path));
});

test("a living holder is waited for, then the wait is in vain", async () => {
  writeFileSync(path, await heldBy(process.pid));
  assert.is(await take(), undefined);
  assert.ok(existsSync(path));
});

test("an answer meanwhile ends the wait", async () => {
  writeFileSync(path, await heldBy(process.pid));
  assert.is(await withLock(options({ waitMs: 5000 }), () => "answered", async () => "worked"), "answered");
});

test("a holder that is gone, is over its time or wrote rubbish is replaced", async () => {
  const gone = spawnSync(process.execPath, ["-e", ""]).pid;
  writeFileSync(path, await heldBy(gone));
  assert.is(await take(), "worked");
  writeFileSync(path, await heldBy(process.pid, { until: Date.now() - 1 }));
  assert.is(await take(), "worked");
  for (const rubbish of ["", "{", "null", '{"pid":"x"}']) {
    writeFileSync(path, rubbish);
    assert.is(await take(), "worked", rubbish);
  }
});

test("a pid of another machine or container says nothing: only its time counts", async () => {
  const gone = spawnSync(process.execPath, ["-e", ""]).pid;
  writeFileSync(path, await heldBy(gone, { place: `other-${hostname()}` }));
  assert.is(await take(), undefined);
  assert.is(await take({ now: () => Date.now() + 61_000 }), "worked");
});

test("a lock that was taken over meanwhile is not removed by its former holder", async () => {
  await withLock(options(), () => undefined, async () => writeFileSync(path, "another's"));
  assert.is(readFileSync(path, "utf8"), "another's");
});

test.run();
