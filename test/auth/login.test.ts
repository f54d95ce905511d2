// Login in the browser and by service account against the real provider, and what a
// login does when there is one already, or something hides it.
import { chmodSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openCache } from "../../src/auth/cache.ts";
import { closedPort, drive, leaks, listen, SIGNAL, startWorld, type World } from "./world.ts";

let world: World;
test.before.each(async () => {
  world = await startWorld();
});
test.after.each(async () => await world.close());

/** An identity whose browser logs in as this user. */
function withBrowser(user = "ops", change: Parameters<World["identity"]>[0] = {}): { identity: ReturnType<World["identity"]>; pages: string[]; came: Promise<unknown>[] } {
  const pages: string[] = [];
  const came: Promise<unknown>[] = [];
  const openBrowser = (url: string): boolean => {
    pages.push(url);
    came.push(drive(world.idp, url, user));
    return true;
  };
  return { identity: world.identity({ openBrowser, ...change }), pages, came };
}

const auto = { flow: "auto", server: undefined } as const;

test("a login in the browser ends with a cached token, and the person sees that it worked", async () => {
  const { identity, came } = withBrowser();
  const who = await identity.login(auto, world.tell, SIGNAL);
  assert.equal([who.principal, who.role, who.tokenSource, who.server, who.issuer], ["ops", "pact-ops-ml-training", "login cache", world.server, world.idp.issuer]);
  const [end] = await Promise.all(came);
  assert.match(JSON.stringify(end), /You are logged in/);
  const token = await identity.token(SIGNAL);
  assert.is((await world.idp.verify(token)).principal, "ops");
  const login = world.cache.read();
  assert.is(login?.client_id, "pact-cli");
  assert.is(login?.revocation_endpoint, `${world.idp.issuer}/token/revocation`);
  assert.ok(login?.scopes.includes("offline_access"), login?.scopes.join(" "));
  assert.ok(world.said.includes(`${world.server} is the default from now on, where no endpoint is set`), world.said.join("\n"));
  assert.equal(leaks(world.said, [token, login?.refresh_token ?? "", await world.idp.passwords.get("ops")]), []);
});

test("the page's address stands alone on a line, with PKCE S256, state and nonce in it", async () => {
  const { identity, pages } = withBrowser();
  await identity.login(auto, world.tell, SIGNAL);
  assert.ok(world.said.includes(pages[0] ?? "none"));
  const query = new URL(pages[0] ?? "").searchParams;
  assert.is(query.get("code_challenge_method"), "S256");
  assert.match(query.get("redirect_uri") ?? "", /^http:\/\/127\.0\.0\.1:\d+\/callback$/);
  for (const name of ["state", "nonce", "code_challenge"]) assert.ok((query.get(name) ?? "").length >= 32, name);
});

test("callback_port decides the port, and a taken one is said", async () => {
  const server = createServer();
  const taken = Number(new URL(await listen(server)).port);
  const { identity } = withBrowser("ops", { auth: { callbackPort: taken } });
  const error = await world.failure(identity.login(auto, world.tell, SIGNAL));
  assert.is(error.failure, "local");
  assert.match(error.message, new RegExp(String(taken)));
  await new Promise<void>((resolve) => server.close(() => resolve()));
  const { identity: second, pages } = withBrowser("ops", { auth: { callbackPort: taken } });
  await second.login(auto, world.tell, SIGNAL);
  assert.is(new URL(new URL(pages[0] ?? "").searchParams.get("redirect_uri") ?? "").port, String(taken));
});

test("a callback with a wrong state, another path, method or host name does not end the login", async () => {
  const statuses: number[] = [];
  const openBrowser = (url: string): boolean => {
    void (async () => {
      const redirect = new URL(url).searchParams.get("redirect_uri") ?? "";
      const state = new URL(url).searchParams.get("state") ?? "";
      const get = async (target: string, init: RequestInit = {}): Promise<void> => {
        const response = await fetch(target, { ...init, headers: { connection: "close", ...init.headers } });
        await response.text();
        statuses.push(response.status);
      };
      await get(`${redirect}?code=evil&state=wrong`);
      await get(`${redirect}?error=access_denied`);
      await get(redirect.replace("/callback", "/callbackX") + `?state=${state}`);
      await get(`${redirect}?code=x&state=${state}`, { method: "POST" });
      await get(`${redirect.replace("127.0.0.1", "localhost")}?code=x&state=${state}`);
      await drive(world.idp, url, "ops");
    })();
    return true;
  };
  const who = await world.identity({ openBrowser }).login(auto, world.tell, SIGNAL);
  assert.is(who.principal, "ops");
  assert.equal(statuses, [400, 400, 404, 404, 404]);
});

test("a refusal by the provider, a foreign issuer and a made-up code end the login without a trace", async () => {
  const answer = (parameters: (state: string) => Record<string, string>) => (url: string): boolean => {
    const { searchParams } = new URL(url);
    const back = new URLSearchParams(parameters(searchParams.get("state") ?? ""));
    void fetch(`${searchParams.get("redirect_uri")}?${back}`, { headers: { connection: "close" } }).then((response) => response.text());
    return true;
  };
  const iss = world.idp.issuer;
  const cases: [(state: string) => Record<string, string>, RegExp][] = [
    [(state) => ({ state, iss, error: "access_denied", error_description: "no\u001b]0;x\u0007" }), /refused: access_denied/],
    [(state) => ({ state, iss: "http://127.0.0.1:2/oidc", code: "x" }), /not accepted/],
    [(state) => ({ state, code: "x" }), /not accepted/],
    [(state) => ({ state, iss, code: "made-up" }), /does not accept this login/],
  ];
  for (const [parameters, expected] of cases) {
    const error = await world.failure(world.identity({ openBrowser: answer(parameters) }).login(auto, world.tell, SIGNAL));
    assert.is(error.failure, "unauthenticated");
    assert.match(error.message, expected);
    assert.is(world.cache.read(), undefined);
  }
  assert.equal(leaks(world.said, ["\u001b]0", "\u0007"]), []);
});

test("nobody comes back: the login ends after its time and names the other way in", async () => {
  const error = await world.failure(world.identity({ openBrowser: () => true, callbackLimitMs: 50 }).login(auto, world.tell, SIGNAL));
  assert.is(error.failure, "unauthenticated");
  assert.is(error.about.hint, "pact login --device-code");
});

test("Ctrl-C ends a waiting login at once", async () => {
  const stop = new AbortController();
  const openBrowser = (): boolean => {
    setImmediate(() => stop.abort());
    return true;
  };
  assert.is((await world.failure(world.identity({ openBrowser }).login(auto, world.tell, stop.signal))).failure, "interrupted");
});

test("with a good login there is no second one; logout makes room", async () => {
  await world.seed();
  const { identity, pages } = withBrowser("admin");
  assert.is((await identity.login(auto, world.tell, SIGNAL)).principal, "ops");
  assert.ok(world.said.some((line) => /already logged in to .* as ops/.test(line)));
  assert.equal(pages, []);
  await identity.logout(SIGNAL);
  assert.is((await identity.login(auto, world.tell, SIGNAL)).principal, "admin");
});

test("a login that can be renewed counts as good, one that has ended does not", async () => {
  const past = new Date(world.clock.now() - 1000).toISOString();
  await world.seed({ expires_at: past });
  const { identity, pages } = withBrowser("admin");
  assert.is((await identity.login(auto, world.tell, SIGNAL)).principal, "ops");
  await world.seed({ expires_at: past, refresh_token: "gone" });
  assert.is((await identity.login(auto, world.tell, SIGNAL)).principal, "admin");
  assert.is(pages.length, 1);
});

test("a refused cache is replaced by a new login, 0600 again", async () => {
  await world.seed();
  chmodSync(world.cache.path, 0o644);
  assert.is((await withBrowser("admin").identity.login(auto, world.tell, SIGNAL)).principal, "admin");
  assert.is(statSync(world.cache.path).mode & 0o777, 0o600);
  writeFileSync(world.cache.path, "{", { mode: 0o600 });
  assert.is((await withBrowser("ai").identity.login(auto, world.tell, SIGNAL)).principal, "ai");
  assert.ok(world.said.some((line) => /a new login replaces it/.test(line)));
});

test("a folder that is open to others takes no tokens", async () => {
  mkdirSync(join(world.configDir, "auth"), { mode: 0o755 });
  const error = await world.failure(withBrowser().identity.login(auto, world.tell, SIGNAL));
  assert.is(error.failure, "unauthenticated");
  assert.match(error.about.hint ?? "", /^chmod 700/);
});

test("login says what hides it", async () => {
  const token = { value: await world.idp.mint({ sub: "x", role: "r", principalType: "human" }, 600), from: "env", where: "PACT_TOKEN" } as const;
  await withBrowser("ops", { token }).identity.login(auto, world.tell, SIGNAL);
  assert.ok(world.said.some((line) => /PACT_TOKEN comes first and hides this login; to use the login: unset PACT_TOKEN/.test(line)));
  world.cache.remove();
  const path = join(world.configDir, "mine");
  writeFileSync(path, token.value, { mode: 0o600 });
  await withBrowser("ops", { tokenPath: { value: path, from: "file", where: "cli.toml:2" } }).identity.login(auto, world.tell, SIGNAL);
  assert.ok(world.said.some((line) => /token_path \(cli.toml:2\) comes first and hides this login/.test(line)));
});

test("a login to another server is kept under that server's name", async () => {
  const { identity } = withBrowser("ops", { server: "http://127.0.0.1:2" });
  const who = await identity.login({ flow: "auto", server: world.server }, world.tell, SIGNAL);
  assert.is(who.server, world.server);
  assert.is(world.cache.read()?.server, world.server);
  assert.is(openCache(world.configDir, "http://127.0.0.1:2").read(), undefined);
  assert.ok(world.said.some((line) => line.includes(`--endpoint ${world.server}`)));
});

test("a service account logs in with its secret from the environment", async () => {
  const secret = await world.idp.clientSecret("pact-service");
  const identity = world.identity({ env: { PACT_CLIENT_ID: "pact-service", PACT_CLIENT_SECRET: secret } });
  const who = await identity.login({ flow: "service-account", server: undefined }, world.tell, SIGNAL);
  assert.equal([who.principal, who.principalType, who.role], ["pact-service", "service", "pact-ops-ml-training"]);
  assert.is(world.cache.read()?.refresh_token, null);
  assert.is((await world.idp.verify(await identity.token(SIGNAL))).principalType, "Service");
  assert.equal(leaks(world.said, [secret]), []);
});

test("a wrong or missing secret leaves the cache untouched and unsaid", async () => {
  const past = new Date(world.clock.now() - 1000).toISOString();
  const before = await world.seed({ expires_at: past, refresh_token: null });
  const service = { flow: "service-account", server: undefined } as const;
  const wrong = world.identity({ env: { PACT_CLIENT_ID: "pact-service", PACT_CLIENT_SECRET: "wrong-secret" } });
  const refused = await world.failure(wrong.login(service, world.tell, SIGNAL));
  assert.is(refused.failure, "unauthenticated");
  assert.match(refused.about.hint ?? "", /PACT_CLIENT_SECRET/);
  const missing = await world.failure(world.identity({ env: { PACT_CLIENT_ID: "pact-service" } }).login(service, world.tell, SIGNAL));
  assert.is(missing.failure, "notConfigured");
  assert.match(missing.message, /needs PACT_CLIENT_SECRET$/);
  assert.equal(world.cache.read(), before);
  assert.equal(leaks(world.said, ["wrong-secret"]), []);
});

test("a clock that is behind the provider's is said", async () => {
  const now = (): Date => new Date(Date.now() - 300_000);
  await withBrowser("ops", { now }).identity.login(auto, world.tell, SIGNAL);
  assert.ok(world.said.some((line) => /your clock is (299|300|301) s behind/.test(line)), world.said.join("\n"));
});

test("a provider that is down or hangs: unauthenticated in time, with the break-glass named", async () => {
  const nobody = await closedPort();
  const down = await world.failure(world.identity({ auth: { idpUrl: `${nobody}/oidc`, clientId: "pact-cli" } }).login(auto, world.tell, SIGNAL));
  assert.is(down.failure, "unauthenticated");
  assert.is(down.message, `cannot reach the identity provider at ${nobody}/oidc`);
  assert.match(down.about.hint ?? "", /BMC console/);
  world.intercept = (req) => req.url?.includes("/.well-known/") === true;
  const hangs = await world.failure(world.identity({ timeoutMs: 300 }).login(auto, world.tell, SIGNAL));
  assert.is(hangs.failure, "unauthenticated");
  assert.is(hangs.about.reason, "it did not answer in time");
  assert.match(hangs.about.hint ?? "", /BMC console/);
});

test.run();
