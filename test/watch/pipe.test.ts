// What is at the other end of a watch: a reader that is gone, one that does not read, and
// an operator who presses Ctrl-C.
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type TestSite, startTestSite } from "../support/site.ts";
import { append, appendMany } from "./append.ts";
import { startWatcher } from "./watcher.ts";

let site: TestSite;
test.before(async () => {
  site = await startTestSite({ nodes: 1 });
});
test.after(async () => site.close());

const residentMib = (pid: number | undefined): number => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;

test("Ctrl-C ends it with 0", async () => {
  const watcher = await startWatcher([], await site.env("admin"));
  assert.is(await watcher.interrupt(), 0);
});

test("a reader that goes away ends it with 0", async () => {
  const watcher = await startWatcher([], await site.env("admin"));
  watcher.child.stdout?.destroy();
  await append(site, "to nobody", "to nobody");
  assert.is((await watcher.exited).code, 0, watcher.stderr());
  assert.not.match(watcher.stderr(), /error/);
});

test("a reader that pauses costs neither memory nor entries, over a restart of the journal too", async () => {
  const message = "m".repeat(4_000);
  const watcher = await startWatcher([], await site.env("admin"));
  const before = residentMib(watcher.child.pid);
  watcher.child.stdout?.pause();
  const seqs = await appendMany(site, 600, message);
  await site.kill();
  await site.restart();
  seqs.push(...(await appendMany(site, 600, message)));
  // 5 MB of lines wait by now.
  const grown = residentMib(watcher.child.pid) - before;
  assert.ok(grown < 24, `grew by ${grown} MiB`);
  watcher.child.stdout?.resume();
  await watcher.shows(seqs.at(-1) ?? -1);
  assert.equal(watcher.seqs().filter((seq) => seqs.includes(seq)), seqs);
  assert.is(await watcher.interrupt(), 0, watcher.stderr());
});

test.run();
