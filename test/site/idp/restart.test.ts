// What outlives a restart of the site, and what the clock ends.
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { decodeJwt } from "jose";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { field, loginAs, refresh } from "./flows.ts";
import { startWorld } from "./world.ts";

test("tokens, logins, passwords and client secrets outlive a restart", async () => {
  const world = await startWorld();
  try {
    const { issuer, passwords, mint } = world.idp;
    const password = await passwords.get("ops");
    const secret = await world.idp.clientSecret("pact-service");
    const login = await loginAs(issuer, "ops", password);
    const minted = await mint({ sub: "node-001", role: "pact-service-agent", principalType: "service" }, 3600);
    const idp = await world.restart();
    assert.is(idp.issuer, issuer);
    assert.is(await idp.passwords.get("ops"), password);
    assert.is(await idp.clientSecret("pact-service"), secret);
    assert.equal(await idp.verify(minted), { principal: "node-001", principalType: "Service", role: "pact-service-agent", expiresAt: (decodeJwt(minted).exp ?? 0) * 1000 });
    assert.is((await idp.verify(field(login, "access_token"))).principal, "ops");
    assert.is((await refresh(issuer, field(login, "refresh_token"))).status, 200);
  } finally {
    await world.close();
  }
});

test("a login ends after twelve hours, however often it was refreshed", async () => {
  const world = await startWorld();
  try {
    const { issuer } = world.idp;
    const login = await loginAs(issuer, "ops", await world.idp.passwords.get("ops"));
    world.clock.advance(11 * 3600_000);
    const once = await refresh(issuer, field(login, "refresh_token"));
    assert.is(once.status, 200, JSON.stringify(once.body));
    assert.is((await world.idp.verify(field(once, "access_token"))).principal, "ops");
    world.clock.advance(2 * 3600_000);
    assert.is((await refresh(issuer, field(once, "refresh_token"))).body["error"], "invalid_grant");
  } finally {
    await world.close();
  }
});

test("secret files are the owner's alone and hold four-group passwords", async () => {
  const world = await startWorld();
  try {
    assert.is((await stat(world.dir)).mode & 0o777, 0o700);
    for (const name of ["passwords.json", "clients.json", "provider-keys.json"]) {
      assert.is((await stat(join(world.dir, name))).mode & 0o777, 0o600, name);
    }
    assert.match(await world.idp.passwords.get("admin"), /^([a-z2-9]{4}-){3}[a-z2-9]{4}$/);
    assert.is(JSON.parse(await readFile(join(world.dir, "passwords.json"), "utf8")).admin, await world.idp.passwords.get("admin"));
    assert.not.ok((await readdir(world.dir)).some((name) => /\.json\./.test(name)));
  } finally {
    await world.close();
  }
});

test("unknown users, unknown clients and bad passwords are refused by name", async () => {
  const world = await startWorld();
  try {
    const refused = async (promise: Promise<unknown>): Promise<string> => await promise.then(() => "accepted", (error: Error) => error.message);
    assert.match(await refused(world.idp.passwords.get("nobody")), /no user "nobody"/);
    assert.match(await refused(world.idp.passwords.set("nobody", "x")), /no user "nobody"/);
    assert.match(await refused(world.idp.passwords.set("ops", "")), /1 to 1024/);
    assert.match(await refused(world.idp.clientSecret("nobody")), /no client "nobody"/);
  } finally {
    await world.close();
  }
});

test.run();
