// Stale discovery: the provider has moved its endpoints, or the journal names another provider,
// since somebody logged in.
import { createServer } from "node:http";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { closedPort, drive, leaks, listen, SIGNAL, startWorld, type World } from "./world.ts";

let world: World;
test.before.each(async () => {
  world = await startWorld();
});
test.after.each(async () => await world.close());

const METADATA = "/oidc/.well-known/openid-configuration";
const auto = { flow: "auto", server: undefined } as const;
const past = (): string => new Date(world.clock.now() - 1000).toISOString();
const principalOf = async (token: string): Promise<string> => (await world.idp.verify(token)).principal;

test("a token endpoint that is gone from its old address is found at the new one, and kept", async () => {
  const nobody = await closedPort();
  for (const old of [`${world.server}/old/token`, `${nobody}/token`]) {
    await world.seed({ expires_at: past(), token_endpoint: old });
    assert.is(await principalOf(await world.identity().token(SIGNAL)), "ops");
    assert.is(world.hits.get(METADATA), 1);
    assert.is(world.cache.read()?.token_endpoint, `${world.idp.issuer}/token`);
  }
});

test("an old address that answers with a page or a redirect is stale too", async () => {
  for (const [status, headers] of [[200, { "content-type": "text/html" }], [302, { location: "/oidc/token" }], [410, {}]] as const) {
    await world.seed({ expires_at: past(), token_endpoint: `${world.server}/old/token` });
    world.intercept = (req, res) => {
      if (req.url !== "/old/token") return false;
      res.writeHead(status, headers).end("<html>moved</html>");
      return true;
    };
    assert.is(await principalOf(await world.identity().token(SIGNAL)), "ops", String(status));
  }
});

test("twenty calls that meet a moved endpoint ask once where it is, and renew once", async () => {
  await world.seed({ expires_at: past(), token_endpoint: `${world.server}/old/token` });
  const identity = world.identity();
  assert.is(new Set(await Promise.all(Array.from({ length: 20 }, () => identity.token(SIGNAL)))).size, 1);
  assert.equal([world.hits.get("/old/token"), world.hits.get(METADATA), world.hits.get("/oidc/token")], [1, 1, 1]);
});

test("a logout finds the moved revocation endpoint", async () => {
  await world.seed({ revocation_endpoint: `${world.server}/old/revocation` });
  assert.is((await world.identity().logout(SIGNAL)).revoked, true);
  assert.equal([world.hits.get("/old/revocation"), world.hits.get("/oidc/token/revocation")], [1, 1]);
});

test("the provider's own refusal stands, and one that is down where its issuer is, is not asked where it is", async () => {
  await world.seed({ expires_at: past(), refresh_token: "revoked" });
  await world.failure(world.identity().token(SIGNAL));
  const nobody = await closedPort();
  await world.seed({ expires_at: past(), issuer: nobody, token_endpoint: `${nobody}/token` });
  const error = await world.failure(world.identity().token(SIGNAL));
  assert.match(error.message, /cannot reach the identity provider/);
  assert.is(world.hits.get(METADATA), undefined);
});

test("an issuer that has become another, or leads away in clear text, gets no refresh token", async () => {
  const got: string[] = [];
  const thief = createServer((req, res) => {
    req.on("data", (bytes: Buffer) => got.push(bytes.toString()));
    res.writeHead(404).end();
  });
  const elsewhere = await listen(thief);
  for (const change of [{ issuer: elsewhere, token_endpoint: `${elsewhere}/token` }, { token_endpoint: `${elsewhere}/token` }]) {
    const login = await world.seed({ expires_at: past(), token_endpoint: `${world.server}/old/token` });
    world.intercept = (req, res) => {
      if (req.url !== METADATA) return false;
      const metadata = { issuer: world.idp.issuer, jwks_uri: `${world.idp.issuer}/jwks`, ...change };
      res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(metadata));
      return true;
    };
    const error = await world.failure(world.identity().token(SIGNAL));
    assert.is(error.failure, "unauthenticated");
    assert.equal(leaks(got, [login.refresh_token ?? "none"]), []);
    assert.equal(leaks(world.said, [login.refresh_token ?? "none"]), []);
  }
  thief.close();
});

test("a login whose provider is gone does not keep one from logging in at the one that the journal names now", async () => {
  const nobody = await closedPort();
  await world.seed({ expires_at: past(), issuer: nobody, token_endpoint: `${nobody}/token` });
  const openBrowser = (url: string): boolean => {
    void drive(world.idp, url, "admin");
    return true;
  };
  assert.is((await world.identity({ openBrowser }).login(auto, world.tell, SIGNAL)).principal, "admin");
  assert.ok(world.said.some((line) => /cannot be renewed: cannot reach the identity provider .*; logging in anew/.test(line)));
  assert.is(world.cache.read()?.issuer, world.idp.issuer);
});

test.run();
