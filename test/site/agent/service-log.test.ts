// The log of a service: bounded however much is written, and never outside of its node.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { endOfLog, loggedServices, openServiceLog } from "../../../src/site/agent/service-log.ts";

let root: string;
let outside: string;
test.before.each(() => {
  root = mkdtempSync(join(tmpdir(), "pact-log-"));
  outside = mkdtempSync(join(tmpdir(), "pact-outside-"));
});
test.after.each(() => {
  rmSync(root, { recursive: true, force: true });
  rmSync(outside, { recursive: true, force: true });
});
const path = (name: string): string => join(root, "run/pact/logs", name);

test("what is written is there, in order, across opening again", async () => {
  for (const word of ["one\n", "two\n"]) {
    const log = openServiceLog(root, "x");
    await Promise.all([log.write(Buffer.from(word)), log.write(Buffer.from("more\n"))]);
    await log.close();
  }
  assert.is(readFileSync(path("x.log"), "utf8"), "one\nmore\ntwo\nmore\n");
  assert.equal(await loggedServices(root), ["x"]);
});

test("a full log becomes the one before, and both together stay bounded", async () => {
  const log = openServiceLog(root, "x", 1000);
  for (let n = 0; n < 100; n++) await log.write(Buffer.from(`line ${String(n).padStart(4, "0")} ${"x".repeat(40)}\n`));
  await log.write(Buffer.alloc(5000, "y"));
  assert.ok(statSync(path("x.log")).size <= 1000 && statSync(path("x.log.1")).size <= 1000);
  assert.not(existsSync(path("x.log.2")));
  await log.write(Buffer.from("\nlast\n"));
  await log.close();
  const end = await endOfLog(root, "x", 1500);
  assert.match(end.text, /\nlast\n$/);
  assert.is(end.text.length, 1006, "what is left of both files");
  assert.is(end.more, false);
  assert.is((await endOfLog(root, "x", 500)).more, true);
  assert.is((await endOfLog(root, "x", 500)).text.length, 500);
});

test("a log that was taken away or emptied goes on", async () => {
  const log = openServiceLog(root, "x", 100);
  await log.write(Buffer.alloc(80, "a"));
  rmSync(path("x.log"));
  await log.write(Buffer.from("b"));
  assert.is(readFileSync(path("x.log"), "utf8"), "b");
  truncateSync(path("x.log"));
  await log.write(Buffer.from("c"));
  assert.is(readFileSync(path("x.log"), "utf8"), "c");
  rmSync(join(root, "run"), { recursive: true });
  await log.write(Buffer.from("d"));
  assert.is(readFileSync(path("x.log"), "utf8"), "d");
  await log.close();
});

test("links lead nowhere: neither as the log, nor as the folder, nor when read", async () => {
  mkdirSync(join(root, "run/pact/logs"), { recursive: true });
  writeFileSync(join(outside, "secret"), "secret");
  symlinkSync(join(outside, "secret"), path("x.log"));
  const log = openServiceLog(root, "x");
  await log.write(Buffer.from("evil"));
  assert.match(log.trouble ?? "", /links are not followed/);
  assert.is((await endOfLog(root, "x", 1000)).text, "");
  rmSync(join(root, "run/pact/logs"), { recursive: true });
  symlinkSync(outside, join(root, "run/pact/logs"));
  await log.write(Buffer.from("evil"));
  assert.match(log.trouble ?? "", /folder|link/);
  assert.not(existsSync(join(outside, "x.log")));
  assert.is(readFileSync(join(outside, "secret"), "utf8"), "secret");
  assert.equal(await loggedServices(root), []);
  rmSync(join(root, "run/pact/logs"));
  await log.write(Buffer.from("good"));
  assert.is(log.trouble, undefined);
  await log.close();
  assert.is(readFileSync(path("x.log"), "utf8"), "good");
});

test.run();
