// A broken network between the client and an agent, at once and in the middle of an answer. The agent of
// a site is behind the proxy: by cli.toml with a stock journal, by what the journal says with one of our kind.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type TestJournal, entry, startJournal } from "../client/support/servers.ts";
import { type TestSite, startTestSite } from "../support/site.ts";
import { type Fault, startFaultProxy } from "./fault-proxy.ts";
import { type Case, type Judged, type Way, judge, run } from "./runs.ts";

const AT_ONCE: readonly Fault[] = [
  { kind: "delay", ms: 8_000 }, { kind: "black hole" }, { kind: "refuse" }, { kind: "reset", bytes: 20 }, { kind: "half-close", bytes: 120 }, { kind: "garbage" },
];
/** The connection stands, and nothing that makes sense comes any more: keepalive takes its time. */
const SILENT: readonly Fault[] = [{ kind: "garbage", bytes: 120 }, { kind: "stall", bytes: 60 }];
/** The agent has begun to answer by then. */
const MIDWAY: readonly Fault[] = [{ kind: "reset", bytes: 50_000 }, { kind: "half-close", bytes: 50_000 }, { kind: "garbage", bytes: 50_000 }];

const STREAM: Case = { words: ["exec", "node-001", "--", "head", "-c", "2000000", "/dev/zero"], partial: true, live: true };
const CASES: readonly Case[] = [
  { words: ["exec", "node-001", "--", "uname"], live: true }, { words: ["shell", "node-001"], terminal: true },
  { words: ["status", "node-001", "--output", "name"], partial: true },
];

let real: TestSite;
let embedded: TestSite;
test.before(async () => {
  real = await startTestSite({ profile: "real", nodes: 1 });
  embedded = await startTestSite({ profile: "embedded", nodes: 1 });
});
test.after(async () => {
  await real.close();
  await embedded.close();
});

const agentOf = (site: TestSite): string => site.file.nodes.find(({ node_id }) => node_id === "node-001")?.endpoint ?? "";

/** A way to the real site's agent through an address; its journal is reached straight. */
const byMap = (token: string) => ({ url }: { readonly url: string }): Way => ({ journal: real.file.journal.grpc, agent: url, token });

/** Journals that say where the agent is, one for each proxy. */
function byJournal(token: string): { readonly through: (proxy: { readonly url: string }) => Promise<Way>; close(): void } {
  const journals = new Map<string, Promise<TestJournal>>();
  return {
    async through({ url }) {
      const node = { node_id: "node-001", vcluster_id: "ml-training", state: "ENROLLMENT_STATE_ACTIVE", agent_endpoint: url } as const;
      const opened = journals.get(url) ?? startJournal({ ours: true, entries: [entry(0)], nodes: [node] });
      journals.set(url, opened);
      return { journal: (await opened).url, agent: "http://127.0.0.1:1", token };
    },
    close() {
      for (const opened of journals.values()) void opened.then((journal) => journal.close());
    },
  };
}

/** The cases meet the faults that come at once, the stream those in the middle of its output. */
async function agentFaults(site: TestSite, cases: readonly Case[], early: readonly Fault[], midway: readonly Fault[], through: Judged["through"]): Promise<string[]> {
  const pairs = (one: number, fault: number): boolean => (one < cases.length) === (fault < early.length);
  return judge({ cases: [...cases, STREAM], faults: [...early, ...midway], code: 1, target: agentOf(site), through, pairs });
}

test("a stock journal: a fault on the way to the agent is 1, said, in time", async () => {
  assert.equal(await agentFaults(real, CASES, [...AT_ONCE, ...SILENT], MIDWAY, byMap(await real.token("admin"))), []);
});

test("a journal of our kind: the same, and diff and commit too, which ask the agent there", async () => {
  const ways = byJournal(await embedded.token("admin"));
  const cases: readonly Case[] = [...CASES, { words: ["diff", "node-001"] }, { words: ["commit", "-m", "m", "--node", "node-001"], partial: true }];
  try {
    assert.equal(await agentFaults(embedded, cases, AT_ONCE, MIDWAY.slice(0, 2), ways.through), []);
  } finally {
    ways.close();
  }
});

test("output cut in the middle is a failure in JSON too, and never ok", async () => {
  const proxy = await startFaultProxy(agentOf(embedded), { kind: "reset", bytes: 50_000 });
  const ways = byJournal(await embedded.token("admin"));
  try {
    const ran = await run({ words: ["exec", "node-001", "--output", "json", "--", "head", "-c", "2000000", "/dev/zero"] }, await ways.through(proxy));
    assert.is(ran.status, 1, ran.stderr);
    const [row]: { status: string; exit_code: number | null; error: { class: string } | null }[] = JSON.parse(ran.stdout);
    assert.is.not(row?.status, "ok");
    assert.is(row?.exit_code, null);
    assert.ok(row?.error !== null);
  } finally {
    ways.close();
    await proxy.close();
  }
});

test("a shell that is cut while it stands says so with 1, and leaves the terminal as it was", async () => {
  const through = byMap(await real.token("admin"));
  // The output of a line carries the session over the bytes that pass.
  const shell: Case = { words: ["shell", "node-001"], terminal: true, live: true, typed: "cat /etc/os-release\r".repeat(10) };
  const faults: readonly Fault[] = [{ kind: "reset", bytes: 1_200 }, { kind: "half-close", bytes: 1_200 }];
  assert.equal(await judge({ cases: [shell], faults, code: 1, target: agentOf(real), through }), []);
});

test.run();
