// Silent renewal: ahead of time, once for all who ask, by one process of many.
import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { closedPort, leaks, SIGNAL, startWorld, type World } from "./world.ts";

let world: World;
test.before.each(async () => {
  world = await startWorld();
});
test.after.each(async () => await world.close());

const TOKEN = "/oidc/token";
const soon = (): string => new Date(world.clock.now() + 20_000).toISOString();
const past = (): string => new Date(world.clock.now() - 1000).toISOString();

test("a token that lives long enough is used as it is", async () => {
  const login = await world.seed();
  assert.is(await world.identity().token(SIGNAL), login.access_token);
  assert.is(world.hits.get(TOKEN), undefined);
});

test("a token with less than 30 s left is renewed, and the cache holds the rotated one", async () => {
  const login = await world.seed({ expires_at: soon() });
  const token = await world.identity().token(SIGNAL);
  assert.is.not(token, login.access_token);
  assert.is((await world.idp.verify(token)).principal, "ops");
  const cached = world.cache.read();
  assert.is(cached?.access_token, token);
  assert.is.not(cached?.refresh_token, login.refresh_token);
  assert.is(cached?.issuer, login.issuer);
  assert.ok(Date.parse(cached?.expires_at ?? "") > world.clock.now() + 500_000);
  assert.not.ok(existsSync(`${world.cache.path}.lock`));
});

test("twenty calls at once renew once", async () => {
  await world.seed({ expires_at: past() });
  const identity = world.identity();
  const tokens = new Set(await Promise.all(Array.from({ length: 20 }, () => identity.token(SIGNAL))));
  assert.is(tokens.size, 1);
  assert.is(world.hits.get(TOKEN), 1);
});

test("twenty identities of one process renew once", async () => {
  await world.seed({ expires_at: past() });
  const tokens = new Set(await Promise.all(Array.from({ length: 20 }, () => world.identity().token(SIGNAL))));
  assert.is(tokens.size, 1);
  assert.is(world.hits.get(TOKEN), 1);
});

test("four processes with five calls each renew once, and all get the new token", async () => {
  await world.seed({ expires_at: past() });
  const program = `
    const { createIdentity } = await import(${JSON.stringify(new URL("../../src/auth/identity.js", import.meta.url).href)});
    const identity = createIdentity({ server: ${JSON.stringify(world.server)}, configDir: ${JSON.stringify(world.configDir)}, token: undefined, tokenPath: undefined,
      site: undefined, auth: {}, env: {}, now: () => new Date(), timeoutMs: 5000, note: (line) => process.stderr.write(line) });
    const signal = new AbortController().signal;
    const tokens = await Promise.all(Array.from({ length: 5 }, () => identity.token(signal)));
    process.stdout.write([...new Set(tokens)].join(" "));`;
  const run = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "pipe"] });
      let text = "";
      child.stdout.on("data", (part) => {
        text += part;
      });
      child.stderr.on("data", (part) => {
        text += ` stderr: ${part}`;
      });
      child.on("error", reject);
      child.on("close", () => resolve(text));
    });
  const outputs = await Promise.all([run(), run(), run(), run()]);
  assert.is(new Set(outputs).size, 1, outputs.join("\n").replaceAll(/eyJ\S+/g, "TOKEN"));
  assert.is(outputs[0], world.cache.read()?.access_token);
  assert.is(world.hits.get(TOKEN), 1);
});

test("a token that the server refused is renewed though it has not expired", async () => {
  const login = await world.seed();
  const identity = world.identity();
  const old = await identity.token(SIGNAL);
  const fresh = await Promise.all(Array.from({ length: 20 }, () => identity.refresh(old, SIGNAL)));
  assert.is(new Set(fresh).size, 1);
  assert.is.not(fresh[0], login.access_token);
  assert.is(world.hits.get(TOKEN), 1);
  assert.is(await identity.refresh(old, SIGNAL), fresh[0]);
  assert.is(world.hits.get(TOKEN), 1);
});

test("a login that the provider has ended is passed by with a note, and the provider is not asked again", async () => {
  const login = await world.seed({ expires_at: past() });
  await world.idp.passwords.set("ops", "something new");
  const error = await world.failure(world.identity().token(SIGNAL));
  assert.is(error.message, `not logged in to ${world.server}`);
  assert.ok(world.said.some((line) => line === `note: the login to ${world.server} has ended; run: pact login`));
  await world.failure(world.identity().token(SIGNAL));
  assert.is(world.hits.get(TOKEN), 1);
  assert.is(world.cache.read()?.refresh_token, null);
  assert.equal(leaks(world.said, [login.access_token, login.refresh_token ?? ""]), []);
});

test("while the token is still good, a provider that is down is no reason to stop", async () => {
  const nobody = await closedPort();
  const login = await world.seed({ expires_at: soon(), token_endpoint: `${nobody}/token`, issuer: nobody });
  assert.is(await world.identity().token(SIGNAL), login.access_token);
});

test("an expired token and a provider that is down: unauthenticated, with the break-glass named", async () => {
  const nobody = await closedPort();
  const login = await world.seed({ expires_at: past(), token_endpoint: `${nobody}/token`, issuer: nobody });
  const error = await world.failure(world.identity().token(SIGNAL));
  assert.is(error.failure, "unauthenticated");
  assert.match(error.message, /cannot reach the identity provider/);
  assert.is(error.about.reason, "ECONNREFUSED");
  assert.match(error.about.hint ?? "", /BMC console/);
  assert.equal(world.cache.read(), login);
});

test("a provider that hangs is given up at the deadline, and one caller's Ctrl-C does not wait for it", async () => {
  await world.seed({ expires_at: past() });
  world.intercept = (req) => req.url === TOKEN;
  const identity = world.identity({ timeoutMs: 400 });
  const stop = new AbortController();
  const impatient = world.failure(identity.token(stop.signal));
  const patient = world.failure(identity.token(SIGNAL));
  stop.abort();
  assert.is((await impatient).failure, "interrupted");
  const error = await patient;
  assert.is(error.failure, "unauthenticated");
  assert.is(error.about.reason, "it did not answer in time");
  assert.is(world.hits.get(TOKEN), 1);
});

test("a provider that repeats the refresh token in its error does not make pact say it", async () => {
  const login = await world.seed({ expires_at: past() });
  world.intercept = (req, res) => {
    if (req.url !== TOKEN) return false;
    res.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify({ error: "server_error", error_description: `bad \u001b[31m ${login.refresh_token}` }));
    return true;
  };
  const error = await world.failure(world.identity().token(SIGNAL));
  assert.match(error.message, /refused: server_error/);
  assert.match(error.about.serverHint ?? "", /bad +\[31m \[secret\]/);
  assert.equal(leaks(world.said, [login.access_token, login.refresh_token ?? "", "\u001b"]), []);
});

test("an answer that never ends is cut off", async () => {
  await world.seed({ expires_at: past() });
  let ended: () => void = () => undefined;
  const cut = new Promise<void>((resolve) => {
    ended = resolve;
  });
  world.intercept = (req, res) => {
    if (req.url !== TOKEN) return false;
    const more = (): void => {
      while (!res.destroyed && res.write("x".repeat(65_536)));
    };
    res.writeHead(200, { "content-type": "application/json" }).on("drain", more).on("close", ended);
    more();
    return true;
  };
  const error = await world.failure(world.identity({ timeoutMs: 20_000 }).token(SIGNAL));
  assert.match(error.about.reason ?? "", /too large/);
  await cut;
});

test("an answer that is huge, no JSON or a redirect is not accepted", async () => {
  const answers: ((send: (status: number, headers: Record<string, string>, body: string) => void) => void)[] = [
    (send) => send(200, { "content-type": "application/json" }, "x".repeat(3_000_000)),
    (send) => send(200, { "content-type": "application/json" }, "{"),
    (send) => send(200, { "content-type": "text/html" }, "<html>"),
    (send) => send(302, { location: "http://127.0.0.1:1/" }, ""),
    (send) => send(200, { "content-type": "application/json" }, JSON.stringify({ access_token: "opaque", token_type: "bearer" })),
  ];
  for (const answer of answers) {
    const login = await world.seed({ expires_at: past() });
    world.intercept = (req, res) => {
      if (req.url !== TOKEN) return false;
      answer((status, headers, body) => res.writeHead(status, headers).end(body));
      return true;
    };
    const error = await world.failure(world.identity().token(SIGNAL));
    assert.is(error.failure, "unauthenticated", error.message);
    assert.equal(world.cache.read(), login);
    world.intercept = undefined;
  }
});

test("a lock whose process is gone, whose time is over or that is rubbish is taken over", async () => {
  for (const lock of [{ pid: 2 ** 22 + 1, place: "", until: world.clock.now() - 1 }, "rubbish"]) {
    await world.seed({ expires_at: past() });
    writeFileSync(`${world.cache.path}.lock`, JSON.stringify(lock));
    await world.identity().token(SIGNAL);
    assert.is(world.hits.get(TOKEN), 1);
    assert.not.ok(existsSync(`${world.cache.path}.lock`));
  }
});

test("a login that was removed during a renewal does not come back", async () => {
  await world.seed({ expires_at: past() });
  world.intercept = (req) => {
    if (req.url === TOKEN) world.cache.remove();
    return false;
  };
  await world.failure(world.identity().token(SIGNAL));
  assert.is(world.cache.read(), undefined);
});

test("a service's login is renewed by its secret while that is at hand", async () => {
  const secret = await world.idp.clientSecret("pact-service");
  const token = await world.idp.mint({ sub: "pact-service", role: "pact-ops-ml-training", principalType: "service" }, 60);
  await world.seed({ access_token: token, refresh_token: null, client_id: "pact-service", scopes: [], expires_at: past() });
  const env = { PACT_CLIENT_ID: "pact-service", PACT_CLIENT_SECRET: secret };
  assert.is((await world.idp.verify(await world.identity({ env }).token(SIGNAL))).principal, "pact-service");
  await world.seed({ access_token: token, refresh_token: null, client_id: "pact-service", scopes: [], expires_at: past() });
  await world.failure(world.identity().token(SIGNAL));
  assert.equal(leaks(world.said, [secret]), []);
});

test.run();
