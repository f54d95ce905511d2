// `pact watch` while the journal of its site dies, comes back, and comes back as an older copy.
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { startPty } from "../repl/support/pty.ts";
import { tempFolder } from "../support/folder.ts";
import { type TestSite, startTestSite } from "../support/site.ts";
import { append } from "./append.ts";
import { startWatcher } from "./watcher.ts";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const PROFILES = ["embedded", "real"] as const;

async function withSite(profile: "embedded" | "real", run: (site: TestSite) => Promise<void>): Promise<void> {
  const site = await startTestSite({ profile, nodes: 1 });
  try {
    await run(site);
  } finally {
    await site.close();
  }
}

const times = (text: string, words: RegExp): number => [...text.matchAll(words)].length;

for (const profile of PROFILES) {
  test(`${profile}: over a journal that is killed and started again, each entry comes once, in order`, () => withSite(profile, async (site) => {
    const watcher = await startWatcher(["--since", "0"], await site.env("admin"));
    const before = await append(site, "one", "two");
    await watcher.shows(before.at(-1) ?? -1);
    await site.kill();
    await watcher.says(/is lost \(/);
    await site.restart();
    const after = await append(site, "three", "four");
    await watcher.shows(after.at(-1) ?? -1);
    await watcher.says(/is back; going on from #\d+/);
    const later = await append(site, "five");
    await watcher.shows(later[0] ?? -1);
    assert.is(await watcher.interrupt(), 0, watcher.stderr());
    assert.equal(watcher.seqs(), Array.from({ length: (later[0] ?? 0) + 1 }, (_, seq) => seq));
    assert.equal(watcher.lines().filter(({ type }) => type === "COMMIT").map(({ message }) => message), ["one", "two", "three", "four", "five"]);
    assert.is(times(watcher.stderr(), /is lost \(/g), 1, watcher.stderr());
    assert.is(times(watcher.stderr(), /is back;/g), 1, watcher.stderr());
  }));

  test(`${profile}: a journal restored from an older copy is marked, and what is new in it is shown`, () => withSite(profile, async (site) => {
    await append(site, "kept");
    await site.kill();
    const copy = tempFolder();
    cpSync(join(site.dir, "journal"), copy, { recursive: true });
    await site.restart();
    const lost = await append(site, "lost 1", "lost 2", "lost 3");
    const watcher = await startWatcher(["--since", String((lost[0] ?? 0) - 1)], await site.env("admin"));
    await watcher.shows(lost[2] ?? -1);
    await site.kill();
    rmSync(join(site.dir, "journal"), { recursive: true });
    cpSync(copy, join(site.dir, "journal"), { recursive: true });
    await site.restart();
    const again = await append(site, "new");
    await watcher.says(/is back/);
    await append(site, "newer");
    const shown = (): string[] => watcher.lines().filter(({ type }) => type === "COMMIT").map(({ message }) => message);
    await watcher.shows((again[0] ?? -1) + 1);
    assert.is(await watcher.interrupt(), 0, watcher.stderr());
    assert.equal(shown().slice(-5), ["lost 1", "lost 2", "lost 3", "new", "newer"]);
    const marks = watcher.lines().filter(({ type }) => type === "GAP");
    assert.is(marks.length, 1, JSON.stringify(watcher.lines()));
    assert.is(marks[0]?.detail?.cause, "withdrawn");
    assert.is(marks[0]?.detail?.last, lost[2]);
  }));
}

test("on a terminal: a line for each entry, one when the link is lost, one when it is back, and Ctrl-C ends it with 0", () => withSite("embedded", async (site) => {
  const pty = startPty(process.execPath, [MAIN, "watch"], { ...(await site.env("admin")), TERM: "xterm" }, site.home);
  await pty.see(/from #\d+; Ctrl-C ends/, 30_000);
  await append(site, "first of all");
  await pty.see(/#\d{6} .* COMMIT vc:ml-training by admin {2}first of all/);
  await site.kill();
  await pty.see(/the link to the journal at \S+ is lost \(.+\); trying again for 5 min/, 30_000);
  await site.restart();
  await pty.see(/the journal at \S+ is back; going on from #\d+/, 30_000);
  await append(site, "second of all");
  await pty.see(/second of all/, 30_000);
  pty.type("\u0003");
  assert.is((await pty.exited).exitCode, 0);
  assert.is(times(pty.text(), /first of all/g), 1);
  pty.close();
}));

test.run();
