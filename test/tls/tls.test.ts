// Journals and agents behind a proxy that ends TLS, with a private CA and with client
// certificates: the built program against a real site, and what it says when a file is wrong.
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test as uvuTest } from "uvu";
import * as assert from "uvu/assert";
import { tempFolder } from "../support/folder.ts";
import { type Ran, type TestSite, runPact, scrubbedEnv, startTestSite } from "../support/site.ts";
import { type Authority, type Pair, makeAuthority, noOpenssl } from "./certificates.ts";
import { type TlsProxy, startTlsProxy } from "./terminating-proxy.ts";

const why = noOpenssl();
const test = (name: string, run: () => Promise<void>): void => (why === undefined ? uvuTest(name, run) : uvuTest.skip(`${name} (skipped: ${why})`, run));

interface World {
  readonly site: TestSite;
  readonly authority: Authority;
  readonly stranger: Authority;
  readonly good: Pair;
  readonly client: Pair;
  readonly foreignClient: Pair;
}
let made: World | undefined;
const proxies: TlsProxy[] = [];
const world = (): World => {
  if (made === undefined) throw new Error("the world was not made");
  return made;
};

uvuTest.before(async () => {
  if (why !== undefined) return;
  const [authority, stranger] = [makeAuthority(), makeAuthority("another CA")];
  made = {
    site: await startTestSite({ profile: "real", nodes: 1 }),
    authority,
    stranger,
    good: authority.issue("server", "DNS:localhost,IP:127.0.0.1", "serverAuth"),
    client: authority.issue("operator", "DNS:operator", "clientAuth"),
    foreignClient: stranger.issue("intruder", "DNS:intruder", "clientAuth"),
  };
});
uvuTest.after(async () => {
  await Promise.all(proxies.map((proxy) => proxy.close()));
  await made?.site.close();
});

async function proxyTo(target: string, pair: Pair, clientCa?: string): Promise<TlsProxy> {
  const proxy = await startTlsProxy(target, pair, clientCa);
  proxies.push(proxy);
  return proxy;
}

const agentOf = (site: TestSite): string => site.file.nodes.find(({ node_id }) => node_id === "node-001")?.endpoint ?? "";

interface Asked {
  readonly words: readonly string[];
  /** Lines of [tls]. */
  readonly tls?: Readonly<Record<string, string>>;
  readonly journal?: string;
  readonly agent?: string;
}

/** Runs pact in a home whose cli.toml names these certificates and the agent of node-001. */
async function pact({ words, tls = {}, journal, agent }: Asked): Promise<Ran> {
  const { site } = world();
  const home = tempFolder();
  mkdirSync(join(home, ".config/pact"), { recursive: true, mode: 0o700 });
  const lines = Object.entries(tls).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`).join("");
  writeFileSync(join(home, ".config/pact/cli.toml"), `[tls]\n${lines}[agents]\nnode-001 = ${JSON.stringify(agent ?? agentOf(site))}\n`, { mode: 0o600 });
  const env = { ...scrubbedEnv(home), PACT_ENDPOINT: journal ?? site.file.journal.grpc, PACT_TOKEN: await site.token("admin") };
  return await runPact(["--timeout", "5s", "--node-timeout", "5s", ...words], env);
}

/** A failure as operators should see it: code, what, why, and nothing of the library. */
function refused(ran: Ran, status: number, what: RegExp, reason: RegExp, advice?: RegExp): void {
  assert.is(ran.status, status, ran.stderr);
  assert.match(ran.stderr, new RegExp(`error: .*${what.source}`));
  assert.match(ran.stderr, new RegExp(`why: .*${reason.source}`), ran.stderr);
  if (advice !== undefined) assert.match(ran.stderr, new RegExp(`try: .*${advice.source}`));
  assert.not.match(ran.stderr, /\n\s+at |node:internal|\.[jt]s:\d|ERR_/);
}

const STATUS = ["status", "node-001", "--output", "name"];
const EXEC = ["exec", "node-001", "--", "cat", "/etc/hostname"];

test("status and exec work behind a private CA, for the journal and for the agent, by name and by address", async () => {
  const { site, authority, good } = world();
  const [journal, agent] = [await proxyTo(site.file.journal.grpc, good), await proxyTo(agentOf(site), good)];
  for (const host of ["localhost", "127.0.0.1"]) {
    for (const words of [STATUS, EXEC]) {
      const ran = await pact({ words, tls: { ca_file: authority.ca }, journal: `https://${host}:${journal.port}`, agent: `https://${host}:${agent.port}` });
      assert.is(ran.status, 0, ran.stderr);
      assert.is(ran.stdout, "node-001\n");
      assert.is(ran.stderr, "");
    }
  }
  assert.ok(journal.accepted() >= 2 && agent.accepted() >= 4, "the calls went through the proxies");
});

test("without ca_file the journal is refused with 5 and the agent with 1, and ca_file is named", async () => {
  const { site, good } = world();
  const [journal, agent] = [await proxyTo(site.file.journal.grpc, good), await proxyTo(agentOf(site), good)];
  refused(await pact({ words: ["log"], journal: `https://localhost:${journal.port}` }), 5, /journal/, /signed by nobody we trust/, /ca_file in \[tls\]/);
  refused(await pact({ words: EXEC, agent: `https://localhost:${agent.port}` }), 1, /agent of node-001/, /signed by nobody we trust/, /ca_file in \[tls\]/);
});

test("another CA than the one that signed is no better than none", async () => {
  const { site, good, stranger } = world();
  const journal = await proxyTo(site.file.journal.grpc, good);
  refused(await pact({ words: ["log"], tls: { ca_file: stranger.ca }, journal: `https://localhost:${journal.port}` }), 5, /journal/, /signed by nobody we trust/, /ca_file/);
});

test("a certificate for another host: 5 for the journal, 1 for an agent", async () => {
  const { site, authority } = world();
  const other = authority.issue("elsewhere", "DNS:journal.example.org", "serverAuth");
  const [journal, agent] = [await proxyTo(site.file.journal.grpc, other), await proxyTo(agentOf(site), other)];
  const tls = { ca_file: authority.ca };
  refused(await pact({ words: ["log"], tls, journal: `https://localhost:${journal.port}` }), 5, /journal/, /for another host/);
  refused(await pact({ words: ["log"], tls, journal: `https://127.0.0.1:${journal.port}` }), 5, /journal/, /for another host/);
  refused(await pact({ words: EXEC, tls, agent: `https://localhost:${agent.port}` }), 1, /agent of node-001/, /for another host/);
});

test("an expired certificate says so: 5 for the journal, 1 for an agent", async () => {
  const { site, authority } = world();
  const old = authority.issue("old", "DNS:localhost", "serverAuth", true);
  const [journal, agent] = [await proxyTo(site.file.journal.grpc, old), await proxyTo(agentOf(site), old)];
  const tls = { ca_file: authority.ca };
  refused(await pact({ words: ["log"], tls, journal: `https://localhost:${journal.port}` }), 5, /journal/, /certificate has expired/);
  refused(await pact({ words: EXEC, tls, agent: `https://localhost:${agent.port}` }), 1, /agent of node-001/, /certificate has expired/);
});

test("where a client certificate is wanted ours gets in; none, or one of somebody else's, does not", async () => {
  const { site, authority, good, client, foreignClient } = world();
  const [journal, agent] = [await proxyTo(site.file.journal.grpc, good, authority.ca), await proxyTo(agentOf(site), good, authority.ca)];
  const [endpoint, node] = [`https://localhost:${journal.port}`, `https://localhost:${agent.port}`];
  const ours = { ca_file: authority.ca, cert_file: client.cert, key_file: client.key };
  for (const words of [STATUS, EXEC]) {
    const ran = await pact({ words, tls: ours, journal: endpoint, agent: node });
    assert.is(ran.status, 0, ran.stderr);
    assert.is(ran.stdout, "node-001\n");
  }
  const wrong: readonly Readonly<Record<string, string>>[] = [{ ca_file: authority.ca }, { ca_file: authority.ca, cert_file: foreignClient.cert, key_file: foreignClient.key }];
  for (const tls of wrong) {
    refused(await pact({ words: ["log"], tls, journal: endpoint }), 5, /journal/, /certificate/, /cert_file and key_file/);
    refused(await pact({ words: EXEC, tls, agent: node }), 1, /agent of node-001/, /certificate/, /cert_file and key_file/);
  }
});

test("files of [tls] that cannot be used are named with the setting, and nothing is sent", async () => {
  const { site, authority, good, client, foreignClient } = world();
  const journal = await proxyTo(site.file.journal.grpc, good);
  const dir = tempFolder();
  const file = (name: string, content: string): string => {
    writeFileSync(join(dir, name), content, { mode: 0o600 });
    return join(dir, name);
  };
  const noPem = file("no.pem", "this is no certificate\n");
  const damaged = file("damaged.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const { ca } = authority;
  const cases: readonly (readonly [Readonly<Record<string, string>>, RegExp, RegExp])[] = [
    [{ ca_file: join(dir, "absent.pem") }, /ca_file .*absent\.pem cannot be used/, /no such file/],
    [{ ca_file: dir }, /ca_file .* cannot be used/, /it is a folder/],
    [{ ca_file: noPem }, /ca_file .*no\.pem cannot be used/, /no certificate in PEM/],
    [{ ca_file: client.key }, /ca_file .*operator\.key cannot be used/, /no certificate in PEM/],
    [{ ca_file: damaged }, /ca_file .*damaged\.pem cannot be used/, /damaged/],
    [{ ca_file: ca, cert_file: client.cert }, /needs cert_file and key_file/, /key_file is missing/],
    [{ ca_file: ca, key_file: client.key }, /needs cert_file and key_file/, /cert_file is missing/],
    [{ ca_file: ca, cert_file: client.cert, key_file: noPem }, /key_file .*no\.pem cannot be used/, /no private key/],
    [{ ca_file: ca, cert_file: client.cert, key_file: foreignClient.key }, /key_file .*intruder\.key cannot be used/, /not the key of the certificate/],
  ];
  const answers = await Promise.all(cases.map(([tls]) => pact({ words: ["log"], tls, journal: `https://localhost:${journal.port}` })));
  for (const [at, [, what, reason]] of cases.entries()) {
    const ran = answers[at];
    assert.ok(ran);
    refused(ran, 1, what, reason, /./);
  }
  assert.is(journal.accepted(), 0);
});

// To root everything can be read, so that there it would test nothing.
(process.getuid?.() === 0 ? uvuTest.skip : test)("a key that may not be read is named", async () => {
  const { site, authority, good, client } = world();
  const journal = await proxyTo(site.file.journal.grpc, good);
  chmodSync(client.key, 0);
  try {
    const tls = { ca_file: authority.ca, cert_file: client.cert, key_file: client.key };
    refused(await pact({ words: ["log"], tls, journal: `https://localhost:${journal.port}` }), 1, /key_file .* cannot be used/, /no permission/);
  } finally {
    chmodSync(client.key, 0o600);
  }
});

test("https at a server without TLS, and http at one with it, say what is wrong", async () => {
  const { site, authority, good } = world();
  const journal = await proxyTo(site.file.journal.grpc, good);
  const tls = { ca_file: authority.ca };
  refused(await pact({ words: ["log"], tls, journal: site.file.journal.grpc.replace("http:", "https:") }), 5, /journal/, /does not speak TLS/, /http:\/\//);
  refused(await pact({ words: ["log"], tls, journal: `http://127.0.0.1:${journal.port}` }), 5, /journal/, /https:\/\//);
});

uvuTest.run();
