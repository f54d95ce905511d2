// What the client checks of a provider's answer before it believes who logged in.
import { createSecretKey, generateKeyPairSync } from "node:crypto";
import { SignJWT, UnsecuredJWT, type JWTPayload } from "jose";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PactError } from "../../src/api/index.ts";
import { drive, SIGNAL, startWorld, type World } from "./world.ts";

let world: World;
test.before.each(async () => {
  world = await startWorld();
});
test.after.each(async () => await world.close());

type Forge = (claims: JWTPayload) => Promise<string>;
interface Attempt {
  readonly change?: JWTPayload;
  /** Whether the provider's key set holds the key of these tests. */
  readonly publish?: boolean;
}

const KEYS = generateKeyPairSync("rsa", { modulusLength: 2048 });
const KEY_SET = JSON.stringify({ keys: [{ ...KEYS.publicKey.export({ format: "jwk" }), use: "sig", alg: "RS256" }] });
const rs256: Forge = async (claims) => await new SignJWT(claims).setProtectedHeader({ alg: "RS256" }).sign(KEYS.privateKey);

/** Logs in while the token endpoint answers with this id token; answers "accepted" or why not. */
async function loginWith(forge: Forge, { change = {}, publish = true }: Attempt = {}): Promise<string> {
  let page = "";
  const access = await world.idp.mint({ sub: "ops", role: "r", principalType: "human" }, 600);
  const tokens = async (): Promise<string> => {
    const now = Math.floor(Date.now() / 1000);
    const nonce = new URL(page).searchParams.get("nonce") ?? "";
    const id_token = await forge({ iss: world.idp.issuer, aud: "pact-cli", sub: "ops", iat: now, exp: now + 600, nonce, ...change });
    return JSON.stringify({ access_token: access, token_type: "bearer", expires_in: 600, id_token });
  };
  world.intercept = (req, res) => {
    const body = req.url === "/oidc/token" ? tokens() : req.url === "/oidc/jwks" && publish ? Promise.resolve(KEY_SET) : undefined;
    void body?.then((text) => res.writeHead(200, { "content-type": "application/json" }).end(text));
    return body !== undefined;
  };
  const openBrowser = (url: string): boolean => {
    page = url;
    void drive(world.idp, url, "ops").catch(() => undefined);
    return true;
  };
  const login = world.identity({ openBrowser }).login({ flow: "auto", server: undefined }, world.tell, SIGNAL);
  const outcome = await login.then(
    () => "accepted",
    (error: unknown) => (error instanceof PactError ? `${error.failure}: ${error.message}: ${error.about.reason}` : String(error)),
  );
  assert.is(world.cache.read() !== undefined, outcome === "accepted");
  world.cache.remove();
  return outcome;
}

test("an id token that fits is accepted", async () => {
  assert.is(await loginWith(rs256), "accepted");
});

test("a foreign nonce, audience or issuer is refused", async () => {
  assert.match(await loginWith(rs256, { change: { nonce: "other" } }), /unauthenticated: .*"nonce"/);
  assert.match(await loginWith(rs256, { change: { nonce: undefined } }), /unauthenticated: .*nonce/);
  assert.match(await loginWith(rs256, { change: { aud: "other" } }), /unauthenticated: .*"aud"/);
  assert.match(await loginWith(rs256, { change: { iss: "https://other.example" } }), /unauthenticated: .*"iss"/);
});

test("an id token that has expired when it arrives tells of a clock that is ahead", async () => {
  const now = Math.floor(Date.now() / 1000);
  assert.match(await loginWith(rs256, { change: { iat: now - 7200, exp: now - 6600 } }), /unauthenticated: .*your clock is 720\d s ahead/);
});

test("clocks may differ by a minute, and no more", async () => {
  const now = Math.floor(Date.now() / 1000);
  assert.is(await loginWith(rs256, { change: { iat: now - 650, exp: now - 50 } }), "accepted");
  assert.match(await loginWith(rs256, { change: { iat: now - 670, exp: now - 70 } }), /unauthenticated: .*s ahead/);
});

test("a signature of a key that the provider does not publish is refused", async () => {
  assert.match(await loginWith(rs256, { publish: false }), /unauthenticated: .*signature/);
});

test("no signature, and one with the public key or a weak secret as HS256, are refused", async () => {
  const pem = KEYS.publicKey.export({ type: "spki", format: "pem" });
  const hs256 = (secret: Buffer): Forge => async (claims) => await new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(createSecretKey(secret));
  for (const forge of [async (claims: JWTPayload) => new UnsecuredJWT(claims).encode(), hs256(Buffer.from(pem)), hs256(Buffer.from("pact-cli"))]) {
    assert.match(await loginWith(forge), /unauthenticated: .*"alg"/);
  }
});

test.run();
