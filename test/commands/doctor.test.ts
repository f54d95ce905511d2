// `doctor` over looks in memory: what each finding becomes, what is left out and why, how long it may take.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PactError, type Probe, type Setting } from "../../src/api/index.ts";
import builtins from "../../src/builtins/plugin.ts";
import { type CommandRun, type FakeNodeOptions, type FakeSite, fakeSite, runCommand } from "../../src/testing/index.ts";

const NOW = new Date("2026-11-23T07:00:00Z");

function siteWith(looks: Partial<Probe>, nodes?: readonly FakeNodeOptions[]): FakeSite {
  const site = fakeSite({ now: () => NOW, ...(nodes === undefined ? {} : { nodes }) });
  site.probe = { ...site.probe, ...looks };
  return site;
}

interface Row {
  readonly check: string;
  readonly status: string;
  readonly detail: string;
  readonly hint: string | null;
}

async function doctor(site: FakeSite, settings: { signal?: AbortSignal; vcluster?: Setting<string> } = {}): Promise<CommandRun & { rows: readonly Row[]; row: (check: string) => Row }> {
  const run = await runCommand(builtins, "doctor", { services: site.services(), format: "json", ...settings });
  const rows: readonly Row[] = run.stdout === "" ? [] : JSON.parse(run.stdout);
  return {
    ...run, rows,
    row(check) {
      const found = rows.find((one) => one.check === check);
      if (found === undefined) throw new Error(`no line for ${check}`);
      return found;
    },
  };
}

const throws = (problem: PactError) => async (): Promise<never> => {
  throw problem;
};
/** Never answers, and does not listen to its signal either. */
const never = (): Promise<never> => new Promise(() => {});

const REFUSED = new PactError("unreachable", "cannot reach the journal at http://fake:9443", { reason: "connection refused", hint: "pact site up" });

test("a site in order: every line ok, exit 0, nothing said beside", async () => {
  const run = await doctor(siteWith({}));
  assert.is(run.status, 0, run.stderr);
  assert.is(run.stderr, "");
  assert.equal(run.rows.map(({ check, status }) => `${check} ${status}`), [
    "versions ok", "endpoint ok", "tls ok", "discovery ok", "issuer ok", "token ok", "role ok", "journal ok", "clock ok", "agents ok",
  ]);
  assert.ok(run.rows.every((row) => Object.keys(row).join() === "check,status,detail,hint" && row.hint === null));
  assert.match(run.row("agents").detail, "node-001 http://node-001.fake:9445, address from the journal");
});

test("whatever fails, its line says what to do", async () => {
  const bare = new PactError("remote", "it fails, and has no advice");
  for (const look of ["machine", "reach", "token", "loginAt", "issuer", "journal", "agent"] as const) {
    const run = await doctor(siteWith({ [look]: throws(bare), ...(look === "loginAt" ? { token: async () => ({ who: null, renewal: "none", issuer: null, problem: null, passedBy: [], hidden: [] }) } : {}) }));
    const bad = run.rows.filter(({ status }) => status === "fail");
    assert.ok(bad.length > 0, look);
    assert.ok(bad.every(({ hint }) => hint !== null && hint !== ""), look);
    assert.ok(run.status > 0);
  }
});

test("text has below each line that failed what to do, and at the end what to begin with", async () => {
  const site = siteWith({ reach: throws(REFUSED) });
  const run = await runCommand(builtins, "doctor", { services: site.services() });
  assert.is(run.status, 5);
  const lines = run.stdout.split("\n");
  const at = lines.findIndex((line) => /^endpoint +fail/.test(line));
  assert.match(lines[at + 1] ?? "", /^ +try: pact site up$/);
  assert.is(run.stderr, "error: 1 of 9 checks failed: endpoint\n  why: endpoint: cannot reach the journal at http://fake:9443: connection refused\n  try: pact site up\n");
});

test("a journal that cannot be reached is one failure, and what needs it says why it was left out", async () => {
  const run = await doctor(siteWith({ reach: throws(REFUSED), loginAt: throws(new PactError("unreachable", "no")) }));
  assert.is(run.status, 5);
  assert.equal(run.rows.filter(({ status }) => status === "fail").map(({ check }) => check), ["endpoint"]);
  for (const check of ["discovery", "journal", "agents"]) {
    assert.is(run.row(check).status, "skipped");
    assert.match(run.row(check).detail, /^because /);
  }
  assert.is(run.row("token").status, "ok");
});

test("no token: 2, and the journal is not asked", async () => {
  const run = await doctor(siteWith({
    token: async () => ({ who: null, renewal: "none", issuer: null, problem: null, passedBy: ["token_path is passed by: it expired"], hidden: [] }),
    journal: throws(new PactError("internal", "asked all the same")),
  }));
  assert.is(run.status, 2);
  assert.match(run.row("token").detail, "there is no token; passed by: token_path is passed by: it expired");
  assert.is(run.row("token").hint, "pact login");
  assert.is(run.row("journal").status, "skipped");
  assert.is(JSON.parse(run.stderr).error.class, "unauthenticated");
});

test("nothing configured and nothing listening is a journal that is missing, not a login: 5", async () => {
  const run = await doctor(siteWith({
    endpoint: { value: "http://localhost:9443", from: "default", where: "default" },
    reach: throws(REFUSED),
    token: async () => ({ who: null, renewal: "none", issuer: null, problem: null, passedBy: [], hidden: [] }),
  }));
  assert.is(run.status, 5);
  assert.is(run.row("token").status, "skipped");
});

test("of several failures the most actionable decides: a token that is refused over agents that are away", async () => {
  const site = siteWith({ agent: throws(new PactError("connection", "away")), loginAt: throws(new PactError("unreachable", "nobody tells")) });
  assert.is((await doctor(site)).status, 1);
  site.probe = { ...site.probe, journal: throws(new PactError("unauthenticated", "the journal does not accept your token", { hint: "pact login" })) };
  const run = await doctor(site);
  assert.is(run.status, 2);
  assert.is(run.row("journal").hint, "pact login");
  assert.is(run.row("discovery").status, "warn", "whoever has a token can do without");
});

test("a login that is due for renewal is not begun where its issuer is away", async () => {
  const due = { renewal: "due", issuer: "http://fake/old" } as const;
  const asked: string[] = [];
  const site = siteWith({ issuer: throws(new PactError("connection", "cannot reach the identity provider")) });
  const before = site.probe;
  site.probe = {
    ...before,
    token: async (signal) => ({ ...(await before.token(signal)), ...due }),
    journal: (signal) => (asked.push("journal"), before.journal(signal)),
  };
  const run = await doctor(site);
  assert.equal(asked, []);
  assert.match(run.row("journal").detail, "must be renewed first");
  site.probe = { ...site.probe, issuer: async (url) => (asked.push(url), { issuer: url, offers: ["browser"] }) };
  assert.is((await doctor(site)).status, 0);
  assert.equal(asked, ["http://fake/old", "journal"], "the issuer of the login is asked, not the one that discovery names");
});

test("agents that fail alike share a line, those that were never up are no failure, and the rest is counted", async () => {
  const nodes = Array.from({ length: 53 }, (_, at) => ({ name: `node-${String(at + 1).padStart(3, "0")}`, vcluster: "ml-training" }));
  const site = siteWith({}, nodes);
  let [now, most] = [0, 0];
  const before = site.probe;
  site.probe = {
    ...before,
    async journal(signal) {
      const answer = await before.journal(signal);
      return { ...answer, nodes: answer.nodes.map((node) => (typeof node !== "string" && node.nodeId === "node-005" ? { ...node, enrollmentState: "registered" } : node)) };
    },
    async agent(node, signal) {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      return await before.agent(node, signal);
    },
  };
  for (const name of ["node-002", "node-003", "node-005"]) site.node(name).reachable = false;
  const run = await doctor(site);
  assert.is(run.status, 1);
  assert.is(most, 16);
  const [good, bad, early, ...more] = run.rows.filter(({ check }) => check === "agents").sort((a, b) => ["ok", "fail", "warn"].indexOf(a.status) - ["ok", "fail", "warn"].indexOf(b.status));
  assert.equal(more, []);
  assert.match(good?.detail ?? "", /^47 of 50 answer \(3 more were not asked\): node-001 http/);
  assert.is(bad?.detail, "2 of 50 fail (3 more were not asked): node-002 http://node-002.fake:9445, node-003 http://node-003.fake:9445, address from the journal; cannot reach the agent: connection refused");
  assert.match(bad?.hint ?? "", "[agents] of cli.toml");
  assert.match(early?.detail ?? "", /^1 of 50 fails.*node-005.*not active yet/);
});

test("looks that never answer end in time, all of them, whether they listen to their signal or not", async () => {
  const nodes = Array.from({ length: 40 }, (_, at) => ({ name: `node-${at + 1}`, vcluster: "ml-training" }));
  const began = performance.now();
  const run = await doctor(siteWith({ loginAt: never, issuer: never, agent: never }, nodes));
  assert.ok(performance.now() - began < 12_000, "within twelve seconds");
  assert.is(run.status, 1);
  assert.match(run.row("agents").detail, "40 of 40 fail");
  assert.match(run.row("issuer").detail, /no answer from \S+ in 4\.0 s|nobody tells/);
  assert.match(run.row("discovery").detail, "no answer from the journal in 4.0 s");
});

test("an interruption ends it at once, whatever still runs", async () => {
  const cancel = new AbortController();
  const running = doctor(siteWith({ reach: () => (cancel.abort(), never()), token: never, loginAt: never }), { signal: cancel.signal });
  const run = await running;
  assert.is(run.stdout, "");
  assert.is(run.problems.length, 1);
  assert.is(run.rows.length, 0);
});

test("clocks: small differences pass, larger ones warn, beyond a minute they fail and say which way", async () => {
  const skewed = async (aheadS: number, errorS = 0): Promise<Row & { exit: number }> => {
    const run = await doctor(siteWith({ skew: () => ({ aheadS, errorS, of: "the journal" }) }));
    return { ...run.row("clock"), exit: run.status };
  };
  assert.is((await skewed(2.9)).status, "ok");
  assert.is((await skewed(5, 4)).status, "ok", "the way there and back may be all of it");
  assert.is((await skewed(-30)).detail, "your clock is 30 s ahead of that of the journal");
  const behind = await skewed(90);
  assert.equal([behind.status, behind.exit], ["fail", 1]);
  assert.match(behind.detail, "your clock is 90 s behind that of the journal");
  assert.is((await doctor(siteWith({ skew: () => null }))).row("clock").status, "skipped");
});

test("TLS: clear text beyond this machine, certificates that end soon, and ones that nobody trusts", async () => {
  const day = 86_400_000;
  const certificate = (days: number, problem: { reason: string; hint: null } | null = null) => ({ subject: "journal", issuer: "site CA", validTo: new Date(NOW.getTime() + days * day), problem });
  const tls = async (reached: Awaited<ReturnType<Probe["reach"]>>): Promise<Row & { exit: number }> => {
    const run = await doctor(siteWith({ reach: async () => reached }));
    return { ...run.row("tls"), exit: run.status };
  };
  const far = { url: "http://journal:9443", loopback: false, proxy: null };
  assert.match((await tls({ ...far, certificate: null })).detail, "can read your token");
  assert.equal((await tls({ ...far, certificate: certificate(400) })).status, "ok");
  const soon = await tls({ ...far, certificate: certificate(3) });
  assert.equal([soon.status, soon.exit], ["warn", 0]);
  assert.match(soon.detail, "which is in 3 d");
  const strange = await tls({ ...far, certificate: certificate(30, { reason: "its certificate is signed by nobody we trust", hint: null }) });
  assert.equal([strange.status, strange.exit], ["fail", 5]);
  const proxied = await doctor(siteWith({ reach: async () => ({ ...far, proxy: "https_proxy", certificate: null }) }));
  assert.is(proxied.row("endpoint").status, "skipped");
  assert.is(proxied.row("journal").status, "ok", "the proxy may lead there all the same");
});

test("a token that ends soon, and a role of another vCluster, are pointed out", async () => {
  const site = siteWith({});
  const before = site.probe;
  site.probe = {
    ...before,
    async token(signal) {
      const found = await before.token(signal);
      return { ...found, renewal: "none", who: found.who === null ? null : { ...found.who, expiresAt: new Date(NOW.getTime() + 60_000) }, hidden: ["site default user"] };
    },
  };
  const run = await doctor(site, { vcluster: { value: "dev-sandbox", from: "file", where: "cli.toml:1" } });
  assert.is(run.status, 0);
  assert.is(run.row("token").status, "warn");
  assert.match(run.row("token").detail, "ends in 60 s; hides: site default user");
  assert.match(run.row("role").detail, "reads and writes in ml-training, but dev-sandbox is selected by cli.toml:1");
  assert.is(run.row("role").hint, "pact --vcluster ml-training …");
});

test("what servers say cannot steer the terminal", async () => {
  const site = siteWith({ loginAt: async () => ({ issuer: "http://x/\u001b[2J\nok", clientId: "\u202e", where: "\u009b1m" }), journal: throws(new PactError("remote", "bad\u001b]0;x\u0007", { hint: "a\nb\u001b[m" })) });
  const run = await runCommand(builtins, "doctor", { services: site.services() });
  assert.not.match(run.stdout + run.stderr, /[\u0000-\u0009\u000b-\u001f\u0080-\u009f\u202e]/);
  assert.match(run.stdout, "try: a\\nb\\e[m");
});

test.run();
