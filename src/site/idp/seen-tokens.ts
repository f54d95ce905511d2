// Tokens whose signature was found right: a signature does not change, so it is worked out once a token,
// and only the clock is asked again.
import { createHash } from "node:crypto";
import { errors, type JWTPayload } from "jose";

const MOST = 1_000;

/**
 * Puts a memory before `check`, which answers the claims or throws. `now` in ms; `leewayS` as `check` has it.
 * Only what was accepted is remembered, by its SHA-256. Throws JWTExpired when a remembered token has expired.
 */
export function rememberTokens(check: (token: string) => Promise<JWTPayload>, now: () => number, leewayS: number): (token: string) => Promise<JWTPayload> {
  const seen = new Map<string, JWTPayload>();
  return async (token) => {
    const key = createHash("sha256").update(token).digest("base64");
    const known = seen.get(key);
    if (known !== undefined) {
      const { exp = 0, nbf = 0 } = known;
      const seconds = Math.floor(now() / 1000);
      if (seconds < exp + leewayS && seconds >= nbf - leewayS) return known;
      seen.delete(key);
      // A clock that went back is the check's to judge.
      if (seconds >= exp + leewayS) throw new errors.JWTExpired("the token has expired", known, "exp", "check_failed");
    }
    const payload = await check(token);
    seen.set(key, payload);
    const [oldest] = seen.size > MOST ? seen.keys() : [];
    if (oldest !== undefined) seen.delete(oldest);
    return payload;
  };
}
