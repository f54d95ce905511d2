// The network between the client and the journal breaks while entries flow: reads end in time with 5, and
// a watch goes on where it was.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { tempFolder } from "../support/folder.ts";
import { type TestSite, startTestSite } from "../support/site.ts";
import { append } from "../watch/append.ts";
import { startWatcher } from "../watch/watcher.ts";
import { type Fault, startFaultProxy } from "./fault-proxy.ts";
import { type Case, judge } from "./runs.ts";

/** Within what a journal with entries has to say. */
const MIDWAY: readonly Fault[] = [{ kind: "reset", bytes: 20_000 }, { kind: "half-close", bytes: 20_000 }, { kind: "garbage", bytes: 20_000 }, { kind: "stall", bytes: 20_000 }];

const MANY = join(tempFolder(), "many.pact");
writeFileSync(MANY, "log -n 50\n");

let sites: readonly TestSite[] = [];
test.before(async () => {
  sites = await Promise.all([startTestSite({ profile: "real", nodes: 1 }), startTestSite({ profile: "embedded", nodes: 1 })]);
  for (const site of sites) await append(site, ...Array.from({ length: 60 }, (_, at) => `${at} ${"m".repeat(1_500)}`));
});
test.after(async () => {
  await Promise.all(sites.map((site) => site.close()));
});

const times = (text: string, words: RegExp): number => [...text.matchAll(words)].length;

test("a journal that stops in the middle of its entries is 5 within --timeout, whatever was shown", async () => {
  const cases: readonly Case[] = [{ words: ["log", "-n", "50"], partial: true }, { words: ["log", "-n", "50", "--output", "json"] }, { words: ["run", MANY], partial: true }];
  for (const site of sites) {
    const token = await site.token("admin");
    assert.equal(await judge({ cases, faults: MIDWAY, code: 5, target: site.file.journal.grpc, through: ({ url }) => ({ journal: url, agent: "http://127.0.0.1:1", token }) }), []);
  }
});

test("a watch whose link is cut says so once, says once that it is back, and shows each entry once", async () => {
  for (const site of sites) {
    const proxy = await startFaultProxy(site.file.journal.grpc, { kind: "pass" });
    try {
      const watcher = await startWatcher(["--since", "0"], { ...(await site.env("admin")), PACT_ENDPOINT: proxy.url });
      const before = await append(site, "before");
      await watcher.shows(before[0] ?? -1);
      for (const round of [1, 2]) {
        proxy.cut();
        const meanwhile = await append(site, "meanwhile", "meanwhile too");
        await watcher.shows(meanwhile[1] ?? -1);
        await watcher.says(new RegExp(`(?:is back; going on from #\\d+[^]*){${round}}`));
      }
      const [last = -1] = await append(site, "last");
      await watcher.shows(last);
      assert.is(await watcher.interrupt(), 0, watcher.stderr());
      assert.equal(watcher.seqs(), Array.from({ length: last + 1 }, (_, seq) => seq));
      assert.is(times(watcher.stderr(), /is lost \(/g), 2, watcher.stderr());
      assert.is(times(watcher.stderr(), /is back;/g), 2, watcher.stderr());
    } finally {
      await proxy.close();
    }
  }
});

test.run();
