// A provider's token answer as a login to keep, and a kept login renewed.
import { PactError } from "../api/index.ts";
import type { CachedLogin, LoginCache } from "./cache.ts";
import { readClaims } from "./claims.ts";
import type { Limits } from "./fetching.ts";
import { withLock } from "./lock.ts";
import { askWhereItIs } from "./moved.ts";
import { loadLibrary, recordedProvider, type Client, type Provider, type Tokens } from "./openid.ts";
import { LoginEnded, providerProblem } from "./problems.ts";

/** Where a provider names no lifetime. */
const UNKNOWN_LIFE_S = 300;

/** Throws unauthenticated when the access token is not one that a journal can read. */
export function loginOf(tokens: Tokens, provider: Provider, about: { readonly server: string; readonly clientId: string; readonly scopes: readonly string[]; readonly now: Date }): CachedLogin {
  const { issuer, token_endpoint, revocation_endpoint } = provider.serverMetadata();
  const granted = tokens.scope?.split(" ").filter((scope) => scope !== "") ?? [];
  return {
    version: 1,
    server: about.server,
    access_token: checked(tokens.access_token),
    refresh_token: tokens.refresh_token ?? null,
    expires_at: expiryOf(tokens, about.now),
    scopes: granted.length > 0 ? granted : about.scopes,
    issuer,
    client_id: about.clientId,
    token_endpoint: token_endpoint ?? "",
    revocation_endpoint: revocation_endpoint ?? null,
  };
}

function checked(token: string): string {
  if (readClaims(token) !== undefined) return token;
  throw new PactError("unauthenticated", "the identity provider gives access tokens that a journal cannot read", { reason: "they are not JWTs", hint: "set resource below [auth] in cli.toml to what the provider calls pact" });
}

/** By how long it lives, not by its own date: the provider's clock may be another. */
function expiryOf(tokens: Tokens, now: Date): string {
  const lives = tokens.expires_in;
  if (lives !== undefined) return new Date(now.getTime() + Math.min(lives, 10 * 365 * 86_400) * 1000).toISOString();
  return (readClaims(tokens.access_token)?.expiresAt ?? new Date(now.getTime() + UNKNOWN_LIFE_S * 1000)).toISOString();
}

export interface RenewOptions {
  readonly cache: LoginCache;
  readonly env: NodeJS.ProcessEnv;
  readonly now: () => Date;
  readonly limits: Limits;
}

export const canRenew = (login: CachedLogin, env: NodeJS.ProcessEnv): boolean => login.refresh_token !== null || ownSecret(login, env) !== undefined;

/** A service account's login is renewed by logging in again, where its secret is still at hand. */
const ownSecret = (login: CachedLogin, env: NodeJS.ProcessEnv): string | undefined =>
  env["PACT_CLIENT_ID"] === login.client_id ? env["PACT_CLIENT_SECRET"] || undefined : undefined;

/**
 * A newer login than `seen`: somebody else's renewal when there was one, else our
 * own, at the issuer recorded at login. Only one process renews at a time, since a
 * refresh token is good once (Auth3). undefined: the login is over or was removed;
 * throws when the provider could not be asked.
 */
export async function renew(options: RenewOptions, seen: CachedLogin): Promise<CachedLogin | undefined> {
  const { cache, limits, now } = options;
  const newer = (): CachedLogin | "gone" | undefined => {
    const login = cache.read();
    if (login === undefined) return "gone";
    return login.access_token === seen.access_token ? undefined : login;
  };
  // Three requests where the provider has moved.
  const longestMs = 3 * limits.timeoutMs;
  const lock = { path: `${cache.path}.lock`, now: () => now().getTime(), holdMs: longestMs + 10_000, waitMs: longestMs + 15_000 };
  const result = await withLock(lock, newer, async () => newer() ?? (await renewAlone(options, seen)));
  if (result === undefined) {
    throw new PactError("unauthenticated", "another pact is renewing the login and does not finish", { hint: `if none is running: rm ${lock.path}` });
  }
  return result === "gone" ? undefined : result;
}

async function renewAlone(options: RenewOptions, seen: CachedLogin): Promise<CachedLogin | "gone"> {
  const { cache, env, now, limits } = options;
  const secret = ownSecret(seen, env);
  const client: Client = { id: seen.client_id, ...(secret === undefined ? {} : { secret }) };
  const secrets = [seen.refresh_token ?? "", seen.access_token, secret ?? ""];
  let renewed: CachedLogin;
  try {
    const library = await loadLibrary();
    const { answer: tokens, provider } = await askWhereItIs(
      { library, recorded: seen, client, limits, endpoint: "token_endpoint" },
      recordedProvider(library, seen, client, limits),
      async (at): Promise<Tokens> => seen.refresh_token === null
        ? await library.clientCredentialsGrant(at, { scope: seen.scopes.join(" ") })
        : await library.refreshTokenGrant(at, seen.refresh_token),
    );
    const login = loginOf(tokens, provider, { server: seen.server, clientId: seen.client_id, scopes: seen.scopes, now: now() });
    // A provider that does not rotate sends no new one.
    renewed = { ...login, refresh_token: login.refresh_token ?? seen.refresh_token };
  } catch (error) {
    const problem = providerProblem(error, { url: seen.issuer, secrets, signal: limits.signal });
    if (!(problem instanceof LoginEnded)) throw problem;
    // Kept without its refresh token, so that nobody asks the provider again.
    if (isStill(cache, seen)) cache.write({ ...seen, refresh_token: null, expires_at: now().toISOString() });
    return "gone";
  }
  // A logout meanwhile stands: its login does not come back (Auth4).
  if (!isStill(cache, seen)) return "gone";
  if (readClaims(renewed.access_token)?.principal !== readClaims(seen.access_token)?.principal) {
    throw new PactError("unauthenticated", "the identity provider renewed the login of somebody else", { hint: "pact logout, then pact login" });
  }
  cache.write(renewed);
  return renewed;
}

const isStill = (cache: LoginCache, seen: CachedLogin): boolean => cache.read()?.access_token === seen.access_token;
