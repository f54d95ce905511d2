// The access tokens of the embedded site: RS256, audience `pact`, type at+jwt.
// The provider and `mint` make the same form; `verify` takes no other.
import { randomUUID } from "node:crypto";
import { errors, jwtVerify, SignJWT, type CryptoKey } from "jose";
import { rememberTokens } from "./seen-tokens.ts";
import type { Caller, Clock, MintToken, VerifyToken } from "../parts.ts";

export const AUDIENCE = "pact";
/** Media type in the header; it tells an access token from an id token signed with the same key. */
export const ACCESS_TOKEN_TYPE = "at+jwt";
const LEEWAY_S = 5;

export interface TokenKeys {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

export function createTokens(keys: TokenKeys, issuer: string, clock: Clock): { verify: VerifyToken; mint: MintToken } {
  const claims = rememberTokens(async (token) => {
    const { payload } = await jwtVerify(token, keys.publicKey, {
      algorithms: ["RS256"],
      issuer,
      audience: AUDIENCE,
      typ: ACCESS_TOKEN_TYPE,
      clockTolerance: LEEWAY_S,
      currentDate: new Date(clock.now()),
      requiredClaims: ["sub", "exp"],
    });
    return payload;
  }, () => clock.now(), LEEWAY_S);
  return {
    async verify(token) {
      try {
        return callerOf(await claims(token));
      } catch (error) {
        throw new Error(phraseOf(error));
      }
    },
    mint: ({ sub, role, principalType }, ttlS) => {
      const now = Math.floor(clock.now() / 1000);
      return new SignJWT({ pact_role: role, pact_principal_type: principalType })
        .setProtectedHeader({ alg: "RS256", typ: ACCESS_TOKEN_TYPE, kid: keys.kid })
        .setSubject(sub)
        .setIssuer(issuer)
        .setAudience(AUDIENCE)
        .setIssuedAt(now)
        .setExpirationTime(now + ttlS)
        .setJti(randomUUID())
        .sign(keys.privateKey);
    },
  };
}

/** The caller that a token's claims name. Throws when there is no principal. */
export function callerOf(claims: Readonly<Record<string, unknown>>): Caller {
  const { sub, exp, pact_role: role, pact_principal_type: type } = claims;
  if (typeof sub !== "string" || sub === "") throw new Error("invalid token");
  return {
    principal: sub,
    principalType: type === "agent" ? "Agent" : type === "service" ? "Service" : "Human",
    role: typeof role === "string" ? role : "",
    ...(typeof exp === "number" ? { expiresAt: exp * 1000 } : {}),
  };
}

/** The phrase a caller sees for a refused token; nothing of the token is in it. */
export function phraseOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "token expired";
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === "aud") return "invalid audience";
    if (error.claim === "iss") return "invalid issuer";
  }
  return "invalid token";
}
