// Where a token may come from, in the order of precedence: flag, PACT_TOKEN,
// token_path, the login cache of this server, ~/.config/pact/token, the running
// site. What is absent or over is passed by; what is wrong is said.
import { join } from "node:path";
import { PactError, type Setting } from "../api/index.ts";
import type { CachedLogin, LoginCache } from "./cache.ts";
import { isExpired, readClaims, type Claims } from "./claims.ts";
import { readTokenFile } from "./token-file.ts";

export interface SourceOptions {
  readonly server: string;
  readonly configDir: string;
  readonly token: Setting<string> | undefined;
  readonly tokenPath: Setting<string> | undefined;
  readonly cache: LoginCache;
  readonly now: () => Date;
  readonly note: (line: string) => void;
  /** The running site's token; undefined when there is no such site. */
  readonly mint: () => Promise<string | undefined>;
  /** A newer login; undefined when it is over. */
  readonly renew: (login: CachedLogin) => Promise<CachedLogin | undefined>;
  readonly canRenew: (login: CachedLogin) => boolean;
}

export interface Found {
  readonly token: string;
  readonly kind: "given" | "file" | "login" | "site";
  /** For people: `PACT_TOKEN`, `login cache`, `site default user`, … */
  readonly source: string;
  readonly claims: Claims;
  /** By this machine's clock. */
  readonly expiresAt: Date | null;
  readonly login?: CachedLogin;
}

export const LOGIN = "login cache";
export const SITE = "site default user";
const RENEW_AHEAD_MS = 30_000;

/** The first usable token; undefined when there is none. With `peek` nothing is renewed and nothing leaves the machine. */
export async function findToken(options: SourceOptions, peek = false): Promise<Found | undefined> {
  return (
    givenToken(options) ??
    fileToken(options, options.tokenPath?.value, `token_path (${options.tokenPath?.where})`, true) ??
    (await loginToken(options, peek)) ??
    fileToken(options, defaultFile(options), "~/.config/pact/token", false) ??
    (await siteToken(options))
  );
}

/** The file the reference names; not looked at twice when token_path says the same. */
function defaultFile({ configDir, tokenPath }: SourceOptions): string | undefined {
  const path = join(configDir, "token");
  return tokenPath?.value === path ? undefined : path;
}

/** Throws unauthenticated when a token was given that cannot be used: nobody wants another in its place. */
export function givenToken({ token, now }: Pick<SourceOptions, "token" | "now">): Found | undefined {
  const text = token?.value.trim() ?? "";
  if (token === undefined || (text === "" && token.from === "env")) return undefined;
  const hint = token.from === "env" ? `unset ${token.where}; pact login` : "pact login";
  const claims = readClaims(text);
  if (claims === undefined) throw new PactError("unauthenticated", `the token from ${token.where} is malformed`, { reason: "it is not a JWT", hint });
  if (isExpired(claims.expiresAt, now())) {
    throw new PactError("unauthenticated", `the token from ${token.where} has expired`, { reason: `it ended at ${claims.expiresAt?.toISOString()}`, hint });
  }
  return { token: text, kind: "given", source: token.where, claims, expiresAt: claims.expiresAt };
}

/** `wanted`: somebody named the file, so its absence is worth a note. */
export function fileToken({ now, note }: Pick<SourceOptions, "now" | "note">, path: string | undefined, source: string, wanted: boolean): Found | undefined {
  if (path === undefined) return undefined;
  const file = readTokenFile(path, now());
  if (file.state === "good") return { token: file.token, kind: "file", source, claims: file.claims, expiresAt: file.claims.expiresAt };
  if (wanted || file.state !== "absent") note(`note: ${path} is passed by: ${file.why}`);
  return undefined;
}

export async function loginToken(options: SourceOptions, peek: boolean): Promise<Found | undefined> {
  const { cache, now, note, server } = options;
  const login = cache.read();
  if (login === undefined) return undefined;
  const left = Date.parse(login.expires_at) - now().getTime();
  const renewable = options.canRenew(login);
  if (left > RENEW_AHEAD_MS || (peek && renewable)) return foundLogin(login);
  if (!peek && renewable) {
    const renewed = await renewedOr(options, login, left);
    if (renewed !== undefined) return foundLogin(renewed);
  } else if (left > 0) {
    return foundLogin(login);
  }
  note(`note: the login to ${server} has ended; run: pact login`);
  return undefined;
}

/** While the old token is still good, a provider that is down is no reason to stop. */
async function renewedOr({ renew }: SourceOptions, login: CachedLogin, left: number): Promise<CachedLogin | undefined> {
  try {
    return await renew(login);
  } catch (error) {
    if (left > 0) return login;
    throw error;
  }
}

export function foundLogin(login: CachedLogin): Found {
  const claims = readClaims(login.access_token);
  if (claims === undefined) throw new PactError("unauthenticated", "the cached login holds no token that a journal can read", { hint: "pact logout; pact login" });
  return { token: login.access_token, kind: "login", source: LOGIN, claims, expiresAt: new Date(login.expires_at), login };
}

export async function siteToken({ mint }: Pick<SourceOptions, "mint">): Promise<Found | undefined> {
  const token = await mint();
  const claims = token === undefined ? undefined : readClaims(token);
  return token === undefined || claims === undefined ? undefined : { token, kind: "site", source: SITE, claims, expiresAt: claims.expiresAt };
}

/** Names of the sources that have a usable token now, except the login cache. */
export async function otherSources(options: SourceOptions): Promise<readonly string[]> {
  const quiet = { ...options, note: () => undefined };
  const attempts: readonly (() => Found | undefined | Promise<Found | undefined>)[] = [
    () => givenToken(quiet),
    () => fileToken(quiet, options.tokenPath?.value, `token_path (${options.tokenPath?.where})`, false),
    () => fileToken(quiet, defaultFile(options), "~/.config/pact/token", false),
    () => siteToken(quiet),
  ];
  const names: string[] = [];
  for (const attempt of attempts) {
    try {
      const found = await attempt();
      if (found !== undefined) names.push(found.source);
    } catch {
      // Refused or expired: it does not remain in use.
    }
  }
  return names;
}
