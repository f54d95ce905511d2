// A broken network between the client and the journal, at once and in the middle of an answer, for every
// command that asks the journal. Each pair of a command and a fault meets one of the two profiles.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { tempFolder } from "../support/folder.ts";
import { append } from "../watch/append.ts";
import { type TestSite, startTestSite } from "../support/site.ts";
import { type Fault, startFaultProxy } from "./fault-proxy.ts";
import { type Case, type Way, judge, run } from "./runs.ts";

const BROKEN: readonly Fault[] = [
  { kind: "delay", ms: 8_000 }, { kind: "black hole" }, { kind: "refuse" }, { kind: "reset", bytes: 20 }, { kind: "garbage" },
  // The connection stands by then, and the first answer has begun at most.
  { kind: "reset", bytes: 120 }, { kind: "half-close", bytes: 120 }, { kind: "garbage", bytes: 120 }, { kind: "stall", bytes: 120 },
];

/** From here on the connection stands. */
const STANDING = 5;
const LINES = join(tempFolder(), "checks.pact");
writeFileSync(LINES, "log\n");
const ROBOT = { PACT_CLIENT_ID: "robot", PACT_CLIENT_SECRET: "s3cr3t" };
const CASES: readonly Case[] = [
  { words: ["status"] }, { words: ["status", "node-001", "--output", "json"] }, { words: ["diff", "node-001"] }, { words: ["log"] }, { words: ["watch"] },
  { words: ["commit", "-m", "m", "--vcluster", "ml-training"] }, { words: ["exec", "node-001", "--", "uname"] }, { words: ["shell", "node-001"], terminal: true },
  { words: ["run", LINES] }, { words: ["doctor"], partial: true }, { words: ["login", "--service-account"], env: ROBOT },
];

let sites: readonly TestSite[] = [];
test.before(async () => {
  sites = await Promise.all([startTestSite({ profile: "real", nodes: 1 }), startTestSite({ profile: "embedded", nodes: 1 })]);
  for (const site of sites) await append(site, ...["first", "second"].map((word) => word.repeat(100)));
});
test.after(async () => {
  await Promise.all(sites.map((site) => site.close()));
});

const agentOf = (site: TestSite): string => site.file.nodes.find(({ node_id }) => node_id === "node-001")?.endpoint ?? "";

/** A way to a site's journal through an address. */
async function waysOf(site: TestSite): Promise<(proxy: { readonly url: string }) => Way> {
  const token = await site.token("admin");
  return ({ url }) => ({ journal: url, agent: agentOf(site), token });
}

test("through a proxy that does nothing, everything works", async () => {
  for (const site of sites) {
    const proxy = await startFaultProxy(site.file.journal.grpc, { kind: "pass" });
    try {
      const way = (await waysOf(site))(proxy);
      for (const one of CASES.filter(({ words }) => ["exec", "log", "run", "diff"].includes(words[0] ?? ""))) {
        const ran = await run(one, way);
        assert.is(ran.status, 0, ran.stderr);
      }
    } finally {
      await proxy.close();
    }
  }
});

for (const [at, profile] of ["stock", "our kind of"].entries()) {
  test(`${profile} journal: a fault on the way to it is 5, said, in time, for every command`, async () => {
    const site = sites[at];
    assert.ok(site !== undefined);
    // A journal that was there before is waited for longer by a watch: its own file looks at that.
    const pairs = (one: number, fault: number): boolean => (one + fault) % 2 === at && !(CASES[one]?.words[0] === "watch" && fault >= STANDING);
    const target = site.file.journal.grpc;
    assert.equal(await judge({ cases: CASES, faults: BROKEN, code: 5, target, through: await waysOf(site), pairs }), []);
  });
}

test("whoami and logout need no journal", async () => {
  for (const site of sites) {
    const proxy = await startFaultProxy(site.file.journal.grpc, { kind: "black hole" });
    try {
      const way = (await waysOf(site))(proxy);
      for (const word of ["whoami", "logout"]) {
        const ran = await run({ words: [word] }, way);
        assert.is(ran.status, 0, ran.stderr);
      }
    } finally {
      await proxy.close();
    }
  }
});

test.run();
