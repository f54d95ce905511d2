// The provider's flows as a client meets them: code with PKCE, device code, client
// credentials, refresh with rotation, revocation.
import { decodeJwt, decodeProtectedHeader } from "jose";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Browser } from "./browser.ts";
import { authorize, field, isCallback, loginAs, post, redeem, refresh } from "./flows.ts";
import { startWorld, type IdpWorld } from "./world.ts";

let world: IdpWorld;
let issuer = "";
let password = "";
test.before(async () => {
  world = await startWorld();
  issuer = world.idp.issuer;
  password = await world.idp.passwords.get("ops");
});
test.after(async () => await world.close());

test("the code flow gives a token with the user's role that the site accepts", async () => {
  const answer = await loginAs(issuer, "ops", password);
  assert.is(answer.status, 200, JSON.stringify(answer.body));
  const token = field(answer, "access_token");
  const claims = decodeJwt(token);
  assert.is(claims.sub, "ops");
  assert.is(claims["aud"], "pact");
  assert.is(claims["pact_role"], "pact-ops-ml-training");
  assert.is(claims["pact_principal_type"], "human");
  assert.is((claims.exp ?? 0) - (claims.iat ?? 0), 600);
  assert.is(decodeProtectedHeader(token).alg, "RS256");
  assert.equal(await world.idp.verify(token), { principal: "ops", principalType: "Human", role: "pact-ops-ml-training", expiresAt: (claims.exp ?? 0) * 1000 });
  assert.type(answer.body["refresh_token"], "string");
  assert.is(decodeJwt(field(answer, "id_token"))["nonce"], "n-1");
});

test("the callback carries the state and the issuer", async () => {
  const { browser, page, state } = await authorize(issuer);
  const { url } = await browser.submit(page, { username: "ops", password }, isCallback);
  assert.is(url.searchParams.get("state"), state);
  assert.is(url.searchParams.get("iss"), issuer);
});

test("a wrong password is said on the page and gives no code", async () => {
  const { browser, page } = await authorize(issuer);
  const again = await browser.submit(page, { username: "admin", password: "wrong" }, isCallback);
  assert.is(again.status, 401);
  assert.match(again.text, /Wrong user name or password/);
  assert.not.match(again.text, /value="wrong"/);
  const right = await browser.submit(again, { username: "admin", password: await world.idp.passwords.get("admin") }, isCallback);
  assert.ok(right.url.searchParams.get("code"));
});

test("Cancel on the login page is an answer too: to the callback of a program, and to a device", async () => {
  const { browser, page, state } = await authorize(issuer);
  const { url } = await browser.submit(page, { username: "ops", password, abort: "yes" }, isCallback);
  assert.equal([url.searchParams.get("error"), url.searchParams.get("state"), url.searchParams.get("code")], ["access_denied", state, null]);
  const device = await post(`${issuer}/device/auth`, { client_id: "pact-cli", scope: "openid" });
  const other = new Browser();
  const confirm = await other.submit(await other.open(field(device, "verification_uri")), { user_code: field(device, "user_code") });
  assert.match((await other.submit(await other.submit(confirm, { confirm: "yes" }), { abort: "yes" })).text, /cancelled/);
  const poll = await post(`${issuer}/token`, { client_id: "pact-cli", grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: field(device, "device_code") });
  assert.is(poll.body["error"], "access_denied");
});

test("after three wrong passwords even the right one has to wait", async () => {
  const { browser, page } = await authorize(issuer);
  let answer = page;
  for (let i = 0; i < 3; i += 1) answer = await browser.submit(page, { username: "ai", password: `guess ${i}` }, isCallback);
  assert.match(answer.text, /Wait 1 s/);
  const right = { username: "ai", password: await world.idp.passwords.get("ai") };
  answer = await browser.submit(page, right, isCallback);
  assert.is(answer.status, 429);
  world.clock.advance(1500);
  answer = await browser.submit(page, right, isCallback);
  assert.ok(answer.url.searchParams.get("code"));
});

test("the page escapes what was typed and forbids scripts and frames", async () => {
  const { browser, page } = await authorize(issuer);
  const answer = await browser.submit(page, { username: `"><script>alert(1)</script>`, password: "x" });
  assert.not.match(answer.text, /<script/);
  assert.match(answer.headers.get("content-security-policy") ?? "", /default-src 'none'.*frame-ancestors 'none'/);
  assert.match(page.text, /<label for="password">/);
});

test("a second login in the same browser asks for the password again and may be another user", async () => {
  const first = await authorize(issuer);
  await first.browser.submit(first.page, { username: "ops", password }, isCallback);
  const second = await authorize(issuer, {}, first.browser);
  assert.match(second.page.text, /Password/);
  const callback = await second.browser.submit(second.page, { username: "admin", password: await world.idp.passwords.get("admin") }, isCallback);
  const answer = await redeem(issuer, callback.url.searchParams.get("code") ?? "", second.verifier, second.redirect);
  assert.is(decodeJwt(field(answer, "access_token")).sub, "admin");
});

test("a code cannot be used twice, and its second use ends the login", async () => {
  const login = await loginAs(issuer, "ops", password);
  const again = await redeem(issuer, login.code, login.verifier, "http://127.0.0.1:43210/callback");
  assert.is(again.status, 400);
  assert.is(again.body["error"], "invalid_grant");
  assert.is((await refresh(issuer, field(login, "refresh_token"))).body["error"], "invalid_grant");
});

test("a code without its verifier is refused, and so is a request without PKCE", async () => {
  const { browser, page, redirect } = await authorize(issuer);
  const { url } = await browser.submit(page, { username: "ops", password }, isCallback);
  assert.is((await redeem(issuer, url.searchParams.get("code") ?? "", "x".repeat(43), redirect)).body["error"], "invalid_grant");
  const without = await authorize(issuer, { code_challenge: "", code_challenge_method: "" });
  assert.is(without.page.url.searchParams.get("error"), "invalid_request");
  const plain = await authorize(issuer, { code_challenge_method: "plain" });
  assert.is(plain.page.url.searchParams.get("error"), "invalid_request");
});

test("a redirect to anything but a loopback callback is refused on the spot", async () => {
  for (const redirect_uri of ["http://evil.example/callback", "http://127.0.0.1:1/other", "https://127.0.0.1/callback"]) {
    const { page } = await authorize(issuer, { redirect_uri });
    assert.is(page.status, 400, redirect_uri);
    assert.match(page.text, /redirect_uri/);
  }
});

test("a refresh token is replaced at each use, and using an old one ends the login", async () => {
  const login = await loginAs(issuer, "ops", password);
  const first = await refresh(issuer, field(login, "refresh_token"));
  assert.is(first.status, 200, JSON.stringify(first.body));
  assert.is.not(field(first, "refresh_token"), field(login, "refresh_token"));
  assert.is((await world.idp.verify(field(first, "access_token"))).principal, "ops");
  assert.is((await refresh(issuer, field(login, "refresh_token"))).body["error"], "invalid_grant");
  assert.is((await refresh(issuer, field(first, "refresh_token"))).body["error"], "invalid_grant");
});

test("of twenty uses of a refresh token at once one succeeds", async () => {
  const login = await loginAs(issuer, "ops", password);
  const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(issuer, field(login, "refresh_token"))));
  assert.is(answers.filter(({ status }) => status === 200).length, 1);
});

test("a revoked refresh token refreshes nothing", async () => {
  const login = await loginAs(issuer, "ops", password);
  const revoked = await post(`${issuer}/token/revocation`, { client_id: "pact-cli", token: field(login, "refresh_token") });
  assert.is(revoked.status, 200);
  assert.is((await refresh(issuer, field(login, "refresh_token"))).body["error"], "invalid_grant");
});

test("a new password ends the user's logins and no others", async () => {
  const ai = await loginAs(issuer, "ai", await world.idp.passwords.get("ai"));
  const ops = await loginAs(issuer, "ops", password);
  await world.idp.passwords.set("ai", "a new password");
  assert.is((await refresh(issuer, field(ai, "refresh_token"))).body["error"], "invalid_grant");
  assert.is((await refresh(issuer, field(ops, "refresh_token"))).status, 200);
  assert.is((await loginAs(issuer, "ai", "a new password")).status, 200);
});

test("a service logs in with its secret and gets its own role", async () => {
  const secret = await world.idp.clientSecret("pact-service");
  const basic = (text: string): Record<string, string> => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });
  const answer = await post(`${issuer}/token`, { grant_type: "client_credentials" }, basic(`pact-service:${secret}`));
  assert.is(answer.status, 200, JSON.stringify(answer.body));
  const token = field(answer, "access_token");
  assert.equal(await world.idp.verify(token), {
    principal: "pact-service", principalType: "Service", role: "pact-ops-ml-training", expiresAt: (decodeJwt(token).exp ?? 0) * 1000,
  });
  assert.is((await post(`${issuer}/token`, { grant_type: "client_credentials" }, basic("pact-service:wrong"))).status, 401);
  assert.is((await post(`${issuer}/token`, { grant_type: "client_credentials", client_id: "pact-cli" })).status, 400);
});

test("the device flow waits for the user, shows the code again, and gives a login", async () => {
  const device = await post(`${issuer}/device/auth`, { client_id: "pact-cli", scope: "openid profile offline_access" });
  assert.is(device.status, 200, JSON.stringify(device.body));
  const poll = () => post(`${issuer}/token`, { client_id: "pact-cli", grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: field(device, "device_code") });
  assert.is((await poll()).body["error"], "authorization_pending");

  const browser = new Browser();
  const entry = await browser.open(field(device, "verification_uri"));
  assert.match(entry.text, /Code that pact shows/);
  const wrong = await browser.submit(entry, { user_code: "XXXX-XXXX" });
  assert.match(wrong.text, /wrong, used or expired/);
  const confirm = await browser.submit(wrong, { user_code: field(device, "user_code").toLowerCase() });
  assert.match(confirm.text, new RegExp(field(device, "user_code")));
  const form = await browser.submit(confirm, { confirm: "yes" });
  assert.match(form.text, /Password/);
  const done = await browser.submit(form, { username: "ops", password });
  assert.match(done.text, /Logged in/);

  const answer = await poll();
  assert.is(answer.status, 200, JSON.stringify(answer.body));
  assert.is((await world.idp.verify(field(answer, "access_token"))).principal, "ops");
  assert.is((await refresh(issuer, field(answer, "refresh_token"))).status, 200);
  assert.is((await poll()).body["error"], "invalid_grant");
});

test("a cancelled device login is said to the device", async () => {
  const device = await post(`${issuer}/device/auth`, { client_id: "pact-cli", scope: "openid" });
  const browser = new Browser();
  const confirm = await browser.submit(await browser.open(field(device, "verification_uri")), { user_code: field(device, "user_code") });
  assert.match((await browser.submit(confirm, { abort: "yes" })).text, /cancelled/);
  const poll = await post(`${issuer}/token`, { client_id: "pact-cli", grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: field(device, "device_code") });
  assert.is(poll.body["error"], "access_denied");
});

test("the address with the code in it leads to the same question", async () => {
  const device = await post(`${issuer}/device/auth`, { client_id: "pact-cli", scope: "openid" });
  const browser = new Browser();
  const posted = await browser.open(field(device, "verification_uri_complete"));
  assert.match(posted.headers.get("content-security-policy") ?? "", /script-src 'self' 'sha256-/);
  assert.match((await browser.submit(posted, {})).text, /Is this your code/);
});

test.run();
