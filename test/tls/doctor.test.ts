// `pact doctor` where the journal stands behind TLS: the certificate as it is, trusted or not.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test as uvuTest } from "uvu";
import * as assert from "uvu/assert";
import { tempFolder } from "../support/folder.ts";
import { type Ran, type TestSite, runPact, scrubbedEnv, startTestSite } from "../support/site.ts";
import { type Authority, type Pair, makeAuthority, noOpenssl } from "./certificates.ts";
import { type TlsProxy, startTlsProxy } from "./terminating-proxy.ts";

const why = noOpenssl();
const test = (name: string, run: () => Promise<void>): void => (why === undefined ? uvuTest(name, run) : uvuTest.skip(`${name} (skipped: ${why})`, run));

let site: TestSite;
let authority: Authority;
const proxies: TlsProxy[] = [];

uvuTest.before(async () => {
  if (why !== undefined) return;
  authority = makeAuthority();
  site = await startTestSite({ profile: "real", nodes: 1 });
});
uvuTest.after(async () => {
  if (why !== undefined) return;
  await Promise.all(proxies.map((proxy) => proxy.close()));
  await site.close();
});

async function doctor(pair: Pair, tls: Readonly<Record<string, string>>): Promise<Ran & { line: (check: string) => { status: string; detail: string; hint: string | null } }> {
  const proxy = await startTlsProxy(site.file.journal.grpc, pair);
  proxies.push(proxy);
  const home = tempFolder();
  mkdirSync(join(home, ".config/pact"), { recursive: true, mode: 0o700 });
  const agents = site.file.nodes.map(({ node_id, endpoint }) => `${JSON.stringify(node_id)} = ${JSON.stringify(endpoint)}\n`).join("");
  writeFileSync(join(home, ".config/pact/cli.toml"), `[tls]\n${Object.entries(tls).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`).join("")}[agents]\n${agents}`, { mode: 0o600 });
  const env = { ...scrubbedEnv(home), PACT_ENDPOINT: `https://localhost:${proxy.port}`, PACT_TOKEN: await site.token("admin") };
  const ran = await runPact(["doctor", "--output", "json"], env);
  const rows: { check: string; status: string; detail: string; hint: string | null }[] = JSON.parse(ran.stdout);
  return { ...ran, line: (check) => rows.find((row) => row.check === check) ?? { status: "none", detail: ran.stdout, hint: null } };
}

test("a certificate of a private CA that is known is told with its end, and a near end warns", async () => {
  const run = await doctor(authority.issue("good", "DNS:localhost", "serverAuth"), { ca_file: authority.ca });
  assert.is(run.status, 0, run.stdout);
  assert.is(run.line("tls").status, "warn");
  assert.match(run.line("tls").detail, /^certificate of good by test CA, good until \d{4}-\d\d-\d\d, which is in (2\d|1\d) h$/);
  assert.is(run.line("journal").status, "ok");
});

test("without ca_file the certificate is still told, with what is wrong and the setting that mends it: 5", async () => {
  const run = await doctor(authority.issue("unknown", "DNS:localhost", "serverAuth"), {});
  assert.is(run.status, 5);
  assert.is(run.line("endpoint").status, "ok");
  assert.is(run.line("tls").status, "fail");
  assert.match(run.line("tls").detail, /certificate of unknown by test CA.*signed by nobody we trust/);
  assert.match(run.line("tls").hint ?? "", "ca_file in [tls]");
});

test("an expired certificate and another host's are told apart: 5", async () => {
  const old = await doctor(authority.issue("old", "DNS:localhost", "serverAuth", true), { ca_file: authority.ca });
  assert.is(old.status, 5);
  assert.match(old.line("tls").detail, "has expired");
  const other = await doctor(authority.issue("other", "DNS:example.org", "serverAuth"), { ca_file: authority.ca });
  assert.match(other.line("tls").detail, "for another host");
});

test("files of [tls] that cannot be used are named: 1", async () => {
  const run = await doctor(authority.issue("fine", "DNS:localhost", "serverAuth"), { ca_file: "/nowhere/ca.pem" });
  assert.is(run.line("endpoint").status, "fail");
  assert.match(run.line("endpoint").detail, "ca_file /nowhere/ca.pem cannot be used");
});

uvuTest.run();
