// Logout: the local copy always goes, the provider is told if it listens, and what
// remains is named.
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { refresh } from "../site/idp/flows.ts";
import { closedPort, leaks, SIGNAL, startWorld, type World } from "./world.ts";

let world: World;
test.before.each(async () => {
  world = await startWorld();
});
test.after.each(async () => await world.close());

test("the cache is gone and the session is over at the provider", async () => {
  const login = await world.seed();
  const identity = world.identity();
  await identity.token(SIGNAL);
  assert.equal(await identity.logout(SIGNAL), { removed: true, revoked: true, remaining: [], elsewhere: [] });
  assert.not.ok(existsSync(world.cache.path));
  assert.is((await refresh(world.idp.issuer, login.refresh_token ?? "")).body["error"], "invalid_grant");
  assert.is((await world.failure(identity.token(SIGNAL))).failure, "unauthenticated");
});

test("nothing cached: nothing removed, nobody asked", async () => {
  assert.equal(await world.identity().logout(SIGNAL), { removed: false, revoked: false, remaining: [], elsewhere: [] });
  assert.is(world.hits.size, 0);
});

test("the local copy goes before the provider is asked, and whatever it answers (Auth4)", async () => {
  await world.seed();
  let there = true;
  world.intercept = (req, res) => {
    if (req.url?.includes("revocation") !== true) return false;
    there = existsSync(world.cache.path);
    res.writeHead(500).end();
    return true;
  };
  assert.equal(await world.identity().logout(SIGNAL), { removed: true, revoked: false, remaining: [], elsewhere: [] });
  assert.not.ok(there);
});

test("a provider that hangs or is down does not keep a logout", async () => {
  await world.seed();
  world.intercept = (req) => req.url?.includes("revocation") === true;
  assert.equal(await world.identity({ timeoutMs: 200 }).logout(SIGNAL), { removed: true, revoked: false, remaining: [], elsewhere: [] });
  const nobody = await closedPort();
  await world.seed({ issuer: nobody, token_endpoint: `${nobody}/token`, revocation_endpoint: `${nobody}/revoke` });
  assert.equal(await world.identity().logout(SIGNAL), { removed: true, revoked: false, remaining: [], elsewhere: [] });
});

test("a refused cache is removed, but its addresses are not trusted with a token", async () => {
  await world.seed();
  chmodSync(world.cache.path, 0o666);
  assert.equal(await world.identity().logout(SIGNAL), { removed: true, revoked: false, remaining: [], elsewhere: [] });
  assert.is(world.hits.size, 0);
});

test("a service's login has no session behind it, and its logout is complete", async () => {
  await world.seed({ refresh_token: null });
  assert.equal(await world.identity().logout(SIGNAL), { removed: true, revoked: true, remaining: [], elsewhere: [] });
  assert.is(world.hits.get("/oidc/token/revocation"), 1);
});

test("what remains is named", async () => {
  await world.seed();
  const token = await world.idp.mint({ sub: "x", role: "r", principalType: "human" }, 600);
  const path = join(world.configDir, "mine");
  writeFileSync(path, token, { mode: 0o600 });
  writeFileSync(join(world.configDir, "token"), token, { mode: 0o600 });
  const identity = world.identity({ token: { value: token, from: "env", where: "PACT_TOKEN" }, tokenPath: { value: path, from: "file", where: "cli.toml:2" } });
  assert.equal((await identity.logout(SIGNAL)).remaining, ["PACT_TOKEN", "token_path (cli.toml:2)", "~/.config/pact/token"]);
  assert.equal(leaks(world.said, [token]), []);
});

test.run();
