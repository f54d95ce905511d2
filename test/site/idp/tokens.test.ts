// Which tokens the site accepts: its own access tokens, and nothing that only looks like them.
import { createPublicKey, createSecretKey, generateKeyPairSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { importJWK, SignJWT, UnsecuredJWT, type CryptoKey } from "jose";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { field, loginAs } from "./flows.ts";
import { startWorld, type IdpWorld } from "./world.ts";

let world: IdpWorld;
let key: CryptoKey;
let pem = "";
const ADMIN = { sub: "admin", role: "pact-platform-admin", principalType: "human" } as const;
test.before(async () => {
  world = await startWorld();
  const { jwk } = JSON.parse(await readFile(join(world.dir, "provider-keys.json"), "utf8"));
  const imported = await importJWK(jwk, "RS256");
  if (imported instanceof Uint8Array) throw new Error("not a key");
  key = imported;
  pem = createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "pem" }).toString();
});
test.after(async () => await world.close());

const phrase = async (token: string): Promise<string> => await world.idp.verify(token).then(() => "accepted", (error: Error) => error.message);
const seconds = (): number => Math.floor(world.clock.now() / 1000);

/** A token as the site makes it, but for what the test changes. */
function forge(change: { alg?: string; typ?: string; issuer?: string; audience?: string; exp?: number; sub?: string } = {}): SignJWT {
  const { alg = "RS256", typ = "at+jwt", issuer = world.idp.issuer, audience = "pact", exp = seconds() + 60, sub = "admin" } = change;
  return new SignJWT({ pact_role: "pact-platform-admin" })
    .setProtectedHeader({ alg, typ })
    .setSubject(sub)
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(seconds())
    .setExpirationTime(exp);
}

test("a minted token is accepted until five seconds after its expiry", async () => {
  const token = await world.idp.mint(ADMIN, 60);
  assert.equal(await world.idp.verify(token), { principal: "admin", principalType: "Human", role: "pact-platform-admin", expiresAt: (seconds() + 60) * 1000 });
  world.clock.advance(62_000);
  assert.is(await phrase(token), "accepted");
  world.clock.advance(5_000);
  assert.is(await phrase(token), "token expired");
});

test("the unchanged forgery is accepted, so the next tests refuse for their own reason", async () => {
  assert.is(await phrase(await forge().sign(key)), "accepted");
});

test("a token for another audience or of another issuer is refused by name", async () => {
  assert.is(await phrase(await forge({ audience: "lattice" }).sign(key)), "invalid audience");
  assert.is(await phrase(await forge({ issuer: "http://127.0.0.1:1/oidc" }).sign(key)), "invalid issuer");
});

test("a token of another type is refused: an id token of the same provider too", async () => {
  assert.is(await phrase(await forge({ typ: "JWT" }).sign(key)), "invalid token");
  const login = await loginAs(world.idp.issuer, "ops", await world.idp.passwords.get("ops"));
  assert.is(await phrase(field(login, "id_token")), "invalid token");
  assert.is(await phrase(field(login, "access_token")), "accepted");
});

test("an unsigned token, and one signed with the public key as a secret, are refused", async () => {
  const unsigned = new UnsecuredJWT({ pact_role: "pact-platform-admin" }).setSubject("admin").setIssuer(world.idp.issuer).setAudience("pact").setExpirationTime(seconds() + 60).encode();
  assert.is(await phrase(unsigned), "invalid token");
  const confused = await forge({ alg: "HS256" }).sign(createSecretKey(Buffer.from(pem)));
  assert.is(await phrase(confused), "invalid token");
});

test("a token of a stranger's key, a changed token and plain nonsense are refused", async () => {
  const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  assert.is(await phrase(await forge().sign(stranger)), "invalid token");
  const [header, , signature] = (await world.idp.mint({ ...ADMIN, sub: "viewer", role: "pact-viewer-x" }, 60)).split(".");
  const claims = Buffer.from(JSON.stringify({ sub: "admin", pact_role: "pact-platform-admin", iss: world.idp.issuer, aud: "pact", exp: seconds() + 60 })).toString("base64url");
  assert.is(await phrase(`${header}.${claims}.${signature}`), "invalid token");
  for (const nonsense of ["", "a", "a.b.c", "....", "ä.ö.ü", "x".repeat(100_000)]) assert.is(await phrase(nonsense), "invalid token");
});

test("a token without a principal is refused", async () => {
  assert.is(await phrase(await forge({ sub: "" }).sign(key)), "invalid token");
});

test.run();
