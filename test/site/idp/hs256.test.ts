// Tokens of the real profile.
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeJwt, SignJWT, UnsecuredJWT } from "jose";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createHs256, HS256_ISSUER } from "../../../src/site/idp/hs256.ts";
import type { VerifyToken } from "../../../src/site/parts.ts";
import { movableClock } from "./world.ts";

const phrase = async (verify: VerifyToken, token: string): Promise<string> => await verify(token).then(() => "accepted", (error: Error) => error.message);

test("a minted token is for journal and agents, with the issuer of stock servers", async () => {
  const dir = await mkdtemp(join(tmpdir(), "pact-hs-"));
  try {
    const clock = movableClock();
    const hs = await createHs256({ dir, clock });
    const token = await hs.mint({ sub: "admin", role: "pact-platform-admin", principalType: "human" }, 600);
    const claims = decodeJwt(token);
    assert.equal(claims.aud, ["pact-journal", "pact-agent"]);
    assert.is(claims.iss, "https://auth.example.com");
    assert.equal(await hs.verify(token), { principal: "admin", principalType: "Human", role: "pact-platform-admin", expiresAt: (claims.exp ?? 0) * 1000 });
    assert.is(await phrase(hs.verifyFor("pact-agent"), token), "accepted");
    clock.advance(655_000);
    assert.is(await phrase(hs.verify, token), "accepted");
    clock.advance(10_000);
    assert.is(await phrase(hs.verify, token), "token expired");
  } finally {
    await rm(dir, { recursive: true });
  }
});

test("the secret is 0600, outlives a restart, and its text is the key", async () => {
  const dir = await mkdtemp(join(tmpdir(), "pact-hs-"));
  try {
    const token = await (await createHs256({ dir })).mint({ sub: "ai", role: "pact-service-ai", principalType: "agent" }, 60);
    assert.equal(await (await createHs256({ dir })).verify(token), {
      principal: "ai", principalType: "Agent", role: "pact-service-ai", expiresAt: (decodeJwt(token).exp ?? 0) * 1000,
    });
    assert.is((await stat(join(dir, "hmac"))).mode & 0o777, 0o600);
    const secret = new TextEncoder().encode(JSON.parse(await readFile(join(dir, "hmac"), "utf8")));
    const forge = (issuer: string, audience: string): Promise<string> =>
      new SignJWT({}).setProtectedHeader({ alg: "HS256" }).setSubject("x").setIssuer(issuer).setAudience(audience).setExpirationTime("1m").sign(secret);
    const hs = await createHs256({ dir });
    assert.is(await phrase(hs.verify, await forge(HS256_ISSUER, "pact-agent")), "accepted");
    assert.is(await phrase(hs.verifyFor("pact-journal"), await forge(HS256_ISSUER, "pact-agent")), "invalid audience");
    assert.is(await phrase(hs.verify, await forge("https://other.example.com", "pact-agent")), "invalid issuer");
    const unsigned = new UnsecuredJWT({}).setSubject("x").setIssuer(HS256_ISSUER).setAudience("pact-agent").setExpirationTime("1m").encode();
    assert.is(await phrase(hs.verify, unsigned), "invalid token");
  } finally {
    await rm(dir, { recursive: true });
  }
});

test.run();
