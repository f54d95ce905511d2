// Tokens of the real profile, as stock journals and agents take them: HS256 with
// one shared secret, the audiences of both servers, a minute of leeway, any type.
import { randomBytes } from "node:crypto";
import { jwtVerify, SignJWT } from "jose";
import type { Clock, MintToken, VerifyToken } from "../parts.ts";
import { openSecrets, readSecret, writeSecret } from "./secrets.ts";
import { callerOf, phraseOf } from "./tokens.ts";

export const HS256_ISSUER = "https://auth.example.com";
export const HS256_AUDIENCES = ["pact-journal", "pact-agent"] as const;
const LEEWAY_S = 60;
const FILE = "hmac";

export interface Hs256 {
  /** Takes a token meant for the journal or for agents. */
  readonly verify: VerifyToken;
  /** Takes only what is meant for one server, as a stock one does. */
  verifyFor(audience: (typeof HS256_AUDIENCES)[number]): VerifyToken;
  readonly mint: MintToken;
}

/** Opens or makes the secret in `dir` (DIR/secrets); its text, as UTF-8, is the key. */
export async function createHs256(options: { readonly dir: string; readonly clock?: Clock }): Promise<Hs256> {
  await openSecrets(options.dir);
  let secret = await readSecret(options.dir, FILE);
  if (secret === undefined) {
    secret = randomBytes(32).toString("hex");
    await writeSecret(options.dir, FILE, secret);
  }
  if (typeof secret !== "string" || secret.length < 32) throw new Error(`${FILE} does not hold a secret`);
  const key = new TextEncoder().encode(secret);
  const now = (): number => options.clock?.now() ?? Date.now();
  const verifyFor = (audience: readonly string[]): VerifyToken => async (token) => {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: ["HS256"],
        issuer: HS256_ISSUER,
        audience: [...audience],
        clockTolerance: LEEWAY_S,
        currentDate: new Date(now()),
        requiredClaims: ["sub", "exp"],
      });
      return callerOf(payload);
    } catch (error) {
      throw new Error(phraseOf(error));
    }
  };
  return {
    verify: verifyFor(HS256_AUDIENCES),
    verifyFor: (audience) => verifyFor([audience]),
    mint: ({ sub, role, principalType }, ttlS) => {
      const issued = Math.floor(now() / 1000);
      return new SignJWT({ pact_role: role, pact_principal_type: principalType })
        .setProtectedHeader({ alg: "HS256", typ: "JWT" })
        .setSubject(sub)
        .setIssuer(HS256_ISSUER)
        .setAudience([...HS256_AUDIENCES])
        .setIssuedAt(issued)
        .setExpirationTime(issued + ttlS)
        .sign(key);
    },
  };
}
