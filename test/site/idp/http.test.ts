// The provider on HTTP: discovery, addresses, silence, and requests that mean no good.
import { spawnSync } from "node:child_process";
import { request } from "node:http";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { authorize } from "./flows.ts";
import { startWorld, type IdpWorld } from "./world.ts";

let world: IdpWorld;
test.before(async () => {
  world = await startWorld();
});
test.after(async () => await world.close());

interface Raw {
  readonly status: number;
  readonly body: string;
}

function send(path: string, options: { host?: string; method?: string; body?: string; cookie?: string } = {}): Promise<Raw> {
  const { hostname, port, host } = new URL(world.idp.issuer);
  return new Promise((resolve, reject) => {
    const req = request({ hostname, port, path, method: options.method ?? "GET", agent: false, headers: { host: options.host ?? host, cookie: options.cookie ?? "" } }, (res) => {
      let body = "";
      res.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      res.on("end", () => resolve({ status: res.statusCode ?? 0, body }));
    });
    req.on("error", reject);
    req.end(options.body);
  });
}

test("discovery names the issuer, every flow, S256 alone and no secret", async () => {
  const { issuer } = world.idp;
  const { status, body } = await send("/oidc/.well-known/openid-configuration");
  assert.is(status, 200);
  const metadata = JSON.parse(body);
  assert.is(metadata.issuer, issuer);
  assert.is(metadata.token_endpoint, `${issuer}/token`);
  assert.is(metadata.revocation_endpoint, `${issuer}/token/revocation`);
  assert.is(metadata.device_authorization_endpoint, `${issuer}/device/auth`);
  assert.equal(metadata.code_challenge_methods_supported, ["S256"]);
  assert.is(metadata.authorization_response_iss_parameter_supported, true);
  for (const grant of ["authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code"]) {
    assert.ok(metadata.grant_types_supported.includes(grant), grant);
  }
  assert.equal(world.idp.discovery, { idp_url: issuer, client_id: "pact-cli", scopes: ["openid", "profile", "offline_access"] });
});

test("the key set holds public parts only", async () => {
  const { body } = await send("/oidc/jwks");
  const [key] = JSON.parse(body).keys;
  assert.is(key.kty, "RSA");
  for (const part of ["d", "p", "q", "dp", "dq", "qi"]) assert.is(key[part], undefined, part);
});

test("a request under another host name is turned away", async () => {
  assert.is((await send("/oidc/jwks", { host: "evil.example" })).status, 421);
  assert.is((await send("/oidc/interaction/x", { host: `localhost:${new URL(world.idp.issuer).port}` })).status, 421);
});

test("addresses outside /oidc, unknown ones and made-up logins get an answer", async () => {
  assert.is((await send("/")).status, 404);
  assert.is((await send("/oidcx")).status, 404);
  assert.is((await send("/oidc")).status, 404);
  assert.is((await send("/oidc/%zz")).status, 404);
  assert.is((await send("/oidc/interaction/none")).status, 400);
  assert.is((await send("/oidc/interaction/none", { method: "POST", body: "username=a", cookie: "_interaction=none" })).status, 400);
});

test("a huge form is refused", async () => {
  const { browser, page } = await authorize(world.idp.issuer);
  assert.is((await browser.submit(page, { username: "ops", password: "x".repeat(20_000) })).status, 413);
});

test("starting, failing and serving write nothing to stdout or stderr", () => {
  const program = `
    const { startIdp } = await import(${JSON.stringify(new URL("../../../src/site/idp/server.js", import.meta.url).href)});
    const { mkdtempSync, rmSync } = await import("node:fs");
    const dir = mkdtempSync(${JSON.stringify(`${world.dir}/quiet-`)});
    const config = { defaultUser: "admin", users: [], clients: [], vclusters: [], nodes: [], agent: {} };
    const idp = await startIdp({ dir, host: "127.0.0.1", port: 0, clock: { now: () => Date.now(), at: () => () => {} }, config });
    await (await fetch(idp.issuer + "/auth?client_id=none", { headers: { connection: "close" } })).text();
    await (await fetch(idp.issuer + "/token", { method: "POST", body: "{", headers: { connection: "close" } })).text();
    await idp.close();`;
  const run = spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8", cwd: fileURLToPath(new URL(".", import.meta.url)) });
  assert.is(run.status, 0, run.stderr);
  assert.is(run.stdout + run.stderr, "");
});

test.run();
