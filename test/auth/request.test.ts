// What a login asks the provider for: the journal's words, what [auth] in cli.toml says instead,
// and how far clocks may differ.
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { IdentityOptions } from "../../src/auth/identity.ts";
import { SIGNAL, startWorld, type World } from "./world.ts";

let world: World;
test.before.each(async () => {
  world = await startWorld();
});
test.after.each(async () => await world.close());

/** The query of the page that a login opens. */
async function asked(change: Partial<IdentityOptions> = {}): Promise<URLSearchParams> {
  const pages: string[] = [];
  const openBrowser = (url: string): boolean => pages.push(url) > 0;
  const error = await world.failure(world.identity({ openBrowser, callbackLimitMs: 20, ...change }).login({ flow: "auto", server: undefined }, world.tell, SIGNAL));
  assert.match(error.message, /nobody logged in/);
  return new URL(pages[0] ?? "").searchParams;
}

/** The provider offers these scopes. */
function offer(scopes: readonly string[]): void {
  world.intercept = (req, res) => {
    if (req.url?.includes("/.well-known/") !== true) return false;
    const { issuer } = world.idp;
    res.writeHead(200, { "content-type": "application/json" });
    res.end(JSON.stringify({ issuer, authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks`, scopes_supported: scopes }));
    return true;
  };
}

test("the scopes are the journal's, and offline_access with the consent it needs only where the provider offers it", async () => {
  const usual = await asked();
  assert.equal([usual.get("scope"), usual.get("prompt"), usual.get("client_id"), usual.get("resource")], ["openid profile offline_access", "consent", "pact-cli", null]);
  offer(["openid", "profile"]);
  const without = await asked({ auth: { scopes: ["profile"] } });
  assert.equal([without.get("scope"), without.get("prompt")], ["openid profile", null]);
});

test("[auth] overrides client, scopes and resource, whatever the journal says", async () => {
  offer(["openid", "offline_access"]);
  const query = await asked({ auth: { clientId: "mine", scopes: ["openid", "groups"], resource: "urn:mine" } });
  assert.equal([query.get("client_id"), query.get("scope"), query.get("resource")], ["mine", "openid groups offline_access", "urn:mine"]);
});

test("a person has five minutes unless told otherwise", async () => {
  const stop = new AbortController();
  const tell = (line: string): void => {
    world.tell(line);
    if (line.startsWith("waiting")) stop.abort();
  };
  const identity = world.identity({ openBrowser: () => true });
  assert.is((await world.failure(identity.login({ flow: "auto", server: undefined }, tell, stop.signal))).failure, "interrupted");
  assert.ok(world.said.includes("waiting 5 min for the login (Ctrl-C cancels)"));
});

test.run();
