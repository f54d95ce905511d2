// An identity provider and the journal's discovery behind https with a private CA: the login of
// the built program goes by ca_file, as its calls do.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { type Server, createServer } from "node:https";
import { join } from "node:path";
import { test as uvuTest } from "uvu";
import * as assert from "uvu/assert";
import { tempFolder } from "../support/folder.ts";
import { type Ran, runPact, scrubbedEnv } from "../support/site.ts";
import { type Authority, type Pair, makeAuthority, noOpenssl, readPair } from "./certificates.ts";

const why = noOpenssl();
const test = (name: string, run: () => Promise<void>): void => (why === undefined ? uvuTest(name, run) : uvuTest.skip(`${name} (skipped: ${why})`, run));

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const servers: Server[] = [];
let ca = "";
let authority: Authority;

uvuTest.before(() => {
  if (why !== undefined) return;
  authority = makeAuthority();
  ca = authority.ca;
});
uvuTest.after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

/** Discovery and a provider that gives every client a token, on one free port. */
async function provider(pair: Pair, clientCa?: string): Promise<string> {
  let base = "";
  const answers: Readonly<Record<string, () => object>> = {
    "/auth/discovery": () => ({ idp_url: `${base}/oidc`, client_id: "pact-cli", scopes: [] }),
    "/oidc/.well-known/openid-configuration": () => ({ issuer: `${base}/oidc`, token_endpoint: `${base}/oidc/token`, authorization_endpoint: `${base}/oidc/auth`, jwks_uri: `${base}/oidc/jwks` }),
    "/oidc/token": () => {
      const now = Math.floor(Date.now() / 1000);
      const claims = { iss: `${base}/oidc`, sub: "robot", aud: "pact", iat: now, exp: now + 600, pact_principal: "robot", pact_role: "pact-service-agent" };
      return { access_token: `${part({ alg: "RS256", typ: "at+jwt" })}.${part(claims)}.c2ln`, token_type: "Bearer", expires_in: 600 };
    },
  };
  const server = createServer({ ...readPair(pair), ...(clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: true, ca: readFileSync(clientCa) }) }, (request, response) => {
    const answer = answers[request.url ?? ""]?.();
    response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer ?? {}));
    request.resume();
  });
  server.on("tlsClientError", () => {});
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  base = `https://localhost:${address.port}`;
  return base;
}

async function login(server: string, tls: Readonly<Record<string, string>>, auth = ""): Promise<Ran & { home: string }> {
  const home = tempFolder();
  mkdirSync(join(home, ".config/pact"), { recursive: true, mode: 0o700 });
  const lines = Object.entries(tls).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`).join("");
  writeFileSync(join(home, ".config/pact/cli.toml"), `[tls]\n${lines}${auth}`, { mode: 0o600 });
  const env = { ...scrubbedEnv(home), PACT_ENDPOINT: server, PACT_CLIENT_ID: "robot", PACT_CLIENT_SECRET: "s3cr3t" };
  return { ...(await runPact(["--timeout", "5s", "login", "--service-account"], env)), home };
}

test("login goes by ca_file, for discovery and for the provider", async () => {
  const base = await provider(authority.issue("idp", "DNS:localhost", "serverAuth"));
  const ran = await login(base, { ca_file: ca });
  assert.is(ran.status, 0, ran.stderr);
  assert.is(readdirSync(join(ran.home, ".config/pact/auth")).filter((name) => /^tokens-.*\.json$/.test(name)).length, 1);
});

test("without ca_file: 5 for the journal's discovery, 2 for the provider, and ca_file is named", async () => {
  const base = await provider(authority.issue("idp2", "DNS:localhost", "serverAuth"));
  const journal = await login(base, {});
  assert.is(journal.status, 5, journal.stderr);
  const idp = await login("http://127.0.0.1:9", {}, `[auth]\nidp_url = "${base}/oidc"\nclient_id = "pact-cli"\n`);
  assert.is(idp.status, 2, idp.stderr);
  for (const { stderr } of [journal, idp]) {
    assert.match(stderr, /why: .*signed by nobody we trust/);
    assert.match(stderr, /try: .*ca_file in \[tls\]/);
    assert.not.match(stderr, /s3cr3t|\n\s+at /);
  }
});

test("a provider that wants a client certificate gets ours", async () => {
  const base = await provider(authority.issue("idp3", "DNS:localhost", "serverAuth"), ca);
  const client = authority.issue("robot", "DNS:robot", "clientAuth");
  const ran = await login(base, { ca_file: ca, cert_file: client.cert, key_file: client.key });
  assert.is(ran.status, 0, ran.stderr);
  assert.is((await login(base, { ca_file: ca })).status, 5);
});

test("an expired certificate, another host's, and a ca_file that is none are told apart", async () => {
  const old = await login(await provider(authority.issue("idp4", "DNS:localhost", "serverAuth", true)), { ca_file: ca });
  assert.match(old.stderr, /certificate has expired/);
  const other = await login(await provider(authority.issue("idp5", "DNS:example.org", "serverAuth")), { ca_file: ca });
  assert.match(other.stderr, /for another host/);
  const none = await login(await provider(authority.issue("idp6", "DNS:localhost", "serverAuth")), { ca_file: "/nowhere/ca.pem" });
  assert.is(none.status, 1, none.stderr);
  assert.match(none.stderr, /ca_file \/nowhere\/ca\.pem cannot be used/);
});

uvuTest.run();
