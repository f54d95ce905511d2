// `pact doctor` of the built program against an embedded site, in order and out of order.
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { startFaultProxy } from "../proxy/fault-proxy.ts";
import { startPty } from "../repl/support/pty.ts";
import { doctor, homeWith, wrong } from "../support/doctor.ts";
import { tempFolder } from "../support/folder.ts";
import { type TestSite, runPact, scrubbedEnv, startTestSite } from "../support/site.ts";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));

let site: TestSite;
test.before(async () => {
  site = await startTestSite({ testClock: true });
});
test.after(async () => site.close());

/** Files of the home but the site's own and caches. */
const filesOf = (home: string): string[] =>
  readdirSync(home, { recursive: true }).map(String).filter((name) => !/^\.(local\/share|cache)/.test(name));

test("a fresh site is in order: nothing fails, nothing is written, nothing is appended", async () => {
  const before = await site.pact(["log", "-n", "1", "--output", "json"]);
  const files = filesOf(site.home);
  const run = await doctor(scrubbedEnv(site.home));
  assert.is(run.status, 0, run.stderr);
  assert.is(run.stderr, "");
  assert.equal(run.rows.filter(({ status }) => status !== "ok"), []);
  assert.match(run.row("token").detail, "admin (human) from site default user");
  assert.match(run.row("journal").detail, "knows pact's extensions");
  assert.match(run.row("issuer").detail, "browser, device code");
  assert.match(run.row("agents").detail, /^3 of 3 answer: .*address from the journal$/);
  assert.is((await site.pact(["log", "-n", "1", "--output", "json"])).stdout, before.stdout);
  assert.equal(filesOf(site.home), files);
});

test("a viewer of one vCluster sees its nodes and hears what the role may do", async () => {
  const run = await doctor(await site.env("viewer"));
  assert.is(run.status, 0, run.stderr);
  assert.match(run.row("role").detail, /^pact-viewer-\S+: reads in/);
  assert.match(run.row("token").detail, "from PACT_TOKEN");
  assert.match(run.row("token").detail, "hides: site default user");
});

test("an agent that is stopped: 1, its address and where that came from", async () => {
  await site.ask({ do: "node", name: "node-001", action: "stop" });
  try {
    const run = await doctor(scrubbedEnv(site.home));
    assert.is(run.status, 1);
    assert.equal(wrong(run), ["agents"]);
    const bad = run.rows.find(({ status }) => status === "fail");
    assert.match(bad?.detail ?? "", /^1 of 3 fails: node-001 http:\/\/127\.\S+, address from the journal; cannot reach the agent: connection refused$/);
    assert.match(run.row("agents").detail, "2 of 3 answer");
  } finally {
    await site.ask({ do: "node", name: "node-001", action: "resume" });
  }
});

test("a clock that is behind is said, with the seconds: 1", async () => {
  await site.ask({ do: "clock", advance_s: 90 });
  const run = await doctor(scrubbedEnv(site.home));
  assert.equal(wrong(run), ["clock"]);
  assert.match(run.row("clock").detail, /^your clock is (89|9\d) s behind that of the journal/);
  assert.is(run.status, 1);
});

test("a broken cli.toml is a line that fails and not the end: 1", async () => {
  const run = await doctor({ ...homeWith('endpoint = "http://x:1"\noops = [\n'), PACT_ENDPOINT: site.file.journal.grpc, PACT_TOKEN: await site.token("admin") });
  assert.is(run.status, 1);
  assert.match(run.row("config").detail, "is not TOML");
  assert.match(run.row("config").hint ?? "", "mend line");
  assert.is(run.row("settings").status, "skipped");
  assert.is(run.row("journal").status, "ok");
});

test("values that make no sense are told wherever they come from", async () => {
  const vcluster = await doctor({ ...scrubbedEnv(tempFolder()), PACT_VCLUSTER: "a/b" });
  assert.match(vcluster.row("settings").detail, 'PACT_VCLUSTER: "a/b" is not a vCluster name');
  const endpoint = await doctor({ ...scrubbedEnv(tempFolder()), PACT_ENDPOINT: "ftp://somebody:s3cr3t@x" });
  assert.is(endpoint.status, 1);
  assert.match(endpoint.row("endpoint").detail, "does not speak ftp://");
  assert.not.match(endpoint.stdout + endpoint.stderr, "s3cr3t");
});

test("files and folders that others can write are told with the chmod that mends it", async () => {
  const env = homeWith('default_vcluster = "ml-training"\n');
  const dir = join(env["XDG_CONFIG_HOME"] ?? "", "pact");
  mkdirSync(join(env["XDG_STATE_HOME"] ?? "", "pact"), { recursive: true });
  writeFileSync(join(env["XDG_STATE_HOME"] ?? "", "pact/history.jsonl"), "", { mode: 0o644 });
  chmodSync(join(dir, "cli.toml"), 0o666);
  chmodSync(dir, 0o777);
  const run = await doctor(env);
  assert.is(run.row("config").hint, `chmod go-w ${dir}/cli.toml`);
  assert.is(run.row("config folder").hint, `chmod go-w ${dir}`);
  assert.is(run.row("history").status, "warn");
  assert.match(run.row("history").hint ?? "", /^chmod 600 /);
});

test("on a machine with nothing at all: 5, and how to get a site", async () => {
  const home = tempFolder();
  const ran = await runPact(["doctor"], { ...scrubbedEnv(home), PACT_FORCE_TTY: "80", NO_COLOR: "1" });
  assert.is(ran.status, 5, ran.stderr);
  assert.match(ran.stderr, "try: pact site up");
  assert.match(ran.stdout, /\nsite +warn +no embedded site runs/);
  const long = ran.stdout.split("\n").filter((line) => line.length > 80 && line.trim().split(" ").every((word) => word.length < 50));
  assert.equal(long, []);
  assert.not.ok(existsSync(join(home, ".config")));
});

test("a login that is due is renewed by the first call where its issuer answers, and left alone where it does not", async () => {
  const own = homeWith(`[auth]\nidp_url = "${site.file.issuer}"\nclient_id = "pact-cli"\n`);
  const shown = await site.pact(["site", "env", "--as", "pact-service"]);
  const secrets = Object.fromEntries([...shown.stdout.matchAll(/^export (PACT_CLIENT_\w+)='?([^'\n]+)'?$/gm)].map(([, name = "", value = ""]) => [name, value]));
  const env = { ...own, PACT_ENDPOINT: site.file.journal.grpc, ...secrets };
  const login = await runPact(["login", "--service-account"], env);
  assert.is(login.status, 0, login.stderr);
  const dir = join(own["XDG_CONFIG_HOME"] ?? "", "pact/auth");
  const path = join(dir, readdirSync(dir).find((name) => /^tokens-.*\.json$/.test(name)) ?? "");
  const kept = JSON.parse(readFileSync(path, "utf8"));
  const { url } = await startFaultProxy(site.file.journal.http, { kind: "refuse" });
  const away = JSON.stringify({ ...kept, expires_at: "2026-01-01T00:00:00Z", issuer: `${url}/oidc`, token_endpoint: `${url}/oidc/token` });
  writeFileSync(path, away);
  const left = await doctor(env);
  assert.match(left.row("token").detail, /pact-service \(service\) from login cache, ended \d+ d ago and is renewed by itself/);
  assert.match(left.row("issuer").detail, `${url}/oidc: ECONNREFUSED`);
  assert.match(left.row("journal").detail, "because the login must be renewed first");
  assert.is(readFileSync(path, "utf8"), away);
  writeFileSync(path, JSON.stringify({ ...kept, expires_at: "2026-01-01T00:00:00Z" }));
  const renewed = await doctor(env);
  assert.is(renewed.row("issuer").status, "ok");
  assert.is(renewed.row("journal").status, "ok", renewed.stdout);
  assert.not.match(renewed.stdout + renewed.stderr + left.stdout + left.stderr, secrets["PACT_CLIENT_SECRET"] ?? "none");
  assert.not.match(renewed.stdout, kept.access_token);
});

test("in the shell it is a line like others, and Ctrl-C ends it and keeps the shell", async () => {
  const pty = startPty(process.execPath, [MAIN], { ...scrubbedEnv(site.home), TERM: "xterm-256color" }, site.home);
  try {
    await pty.see("pact>");
    pty.type("doctor\r");
    await pty.see(/agents +\S*ok/);
    await pty.see("pact>");
    await site.ask({ do: "node", name: "node-001", action: "freeze" });
    pty.type("doctor\r");
    await pty.see("doctor");
    pty.type("\u0003");
    await pty.see("[130] pact>", 3_000);
    pty.type("exit\r");
    await pty.exited;
  } finally {
    pty.close();
    await site.ask({ do: "node", name: "node-001", action: "resume" });
  }
});

test("the command is on its own page and in the overview", async () => {
  assert.match((await site.pact(["help"])).stdout, /doctor +Look for what is wrong/);
  assert.match(readFileSync(fileURLToPath(new URL("../../../docs/commands.md", import.meta.url)), "utf8"), "doctor");
});

test("an identity provider that is away: 1 with a token, and the rest is looked at", async () => {
  const { url } = await startFaultProxy(site.file.journal.http, { kind: "refuse" });
  const env = { ...homeWith(`[auth]\nidp_url = "${url}/oidc"\nclient_id = "mine"\n`), PACT_ENDPOINT: site.file.journal.grpc, PACT_TOKEN: await site.token("admin") };
  const run = await doctor(env);
  assert.is(run.status, 1);
  assert.ok(wrong(run).includes("issuer"));
  assert.match(run.row("issuer").detail, `cannot reach the identity provider at ${url}/oidc: ECONNREFUSED`);
  assert.match(run.row("discovery").detail, "says idp_url below [auth] in cli.toml");
  assert.is(run.row("journal").status, "ok");
});

test.run();
