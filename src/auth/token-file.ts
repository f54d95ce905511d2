// A token kept in a file of the operator's own: read strictly, never written.
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { PactError } from "../api/index.ts";
import { codeOf, quoted } from "./cache.ts";
import { isExpired, readClaims, type Claims } from "./claims.ts";

export type FileToken =
  | { readonly state: "absent"; readonly why: string }
  | { readonly state: "expired" | "malformed"; readonly why: string }
  | { readonly state: "good"; readonly token: string; readonly claims: Claims };

const MOST_BYTES = 64 * 1024;

/** Throws unauthenticated when others can read or write the file (PAuth1). */
export function readTokenFile(path: string, now: Date): FileToken {
  let text: string;
  try {
    text = readPrivately(path);
  } catch (error) {
    if (error instanceof PactError) throw error;
    return { state: "absent", why: codeOf(error) === "ENOENT" ? "there is no such file" : codeOf(error) };
  }
  const token = text.trim();
  const claims = readClaims(token);
  if (claims === undefined) return { state: "malformed", why: "it holds no token" };
  if (isExpired(claims.expiresAt, now)) return { state: "expired", why: `its token expired at ${claims.expiresAt?.toISOString()}` };
  return { state: "good", token, claims };
}

function readPrivately(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new Error("it is not a file");
    if (stat.size > MOST_BYTES) throw new Error("it is too large for a token");
    if ((stat.mode & 0o077) !== 0) {
      const mode = (stat.mode & 0o777).toString(8).padStart(4, "0");
      throw new PactError("unauthenticated", `the token file ${path} is refused`, { reason: `its mode is ${mode}, not 0600: others may use the token`, hint: `chmod 600 ${quoted(path)}` });
    }
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}
