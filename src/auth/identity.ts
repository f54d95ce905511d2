// Who the operator is: which token goes with a call, login, logout and whoami.
import type { Identity } from "../api/index.ts";
import { cachedServers, openCache, type CachedLogin, type LoginCache } from "./cache.ts";
import { type Hiding, hidingSource } from "./hiding.ts";
import { logIn, whoOf } from "./login-session.ts";
import { sourcesOf, type IdentityOptions } from "./options.ts";
import { interrupted, loginOver, notLoggedIn } from "./problems.ts";
import { normalServer } from "./server-url.ts";
import { sharing } from "./sharing.ts";
import { fileToken, findToken, foundLogin, loginToken, otherSources, siteToken, type Found, type SourceOptions } from "./sources.ts";

export type { IdentityOptions } from "./options.ts";

export interface TokenSupplier {
  /** The token for a call; renewed when it is about to end. Throws unauthenticated when there is none. */
  token(signal: AbortSignal): Promise<string>;
  /** Another token after a server did not accept this one; undefined when there is no other. */
  refresh(rejected: string, signal: AbortSignal): Promise<string | undefined>;
}

/** For a shell, where a person can log in while a command waits. */
export interface LoginWatch {
  /**
   * Whether the login that calls go with is over and only a new one helps; renews it first where that is
   * possible. Throws when the provider could not be asked.
   */
  lapsed(signal: AbortSignal): Promise<boolean>;
  /** The source that a login would not replace. */
  hiding(): Hiding | undefined;
}

/** How long before its end a token is replaced, in ms. */
const AHEAD_MS: Readonly<Record<Found["kind"], number>> = { given: 0, file: 0, login: 30_000, site: 60_000 };

const WARN_MS = 300_000;

/** Nothing is read or asked before the first call. */
export function createIdentity(options: IdentityOptions): Identity & TokenSupplier & LoginWatch {
  const server = normalServer(options.server);
  const cache = openCache(options.configDir, server);
  const sources = sourcesOf(options, server, cache);
  let held: { readonly found: Found; readonly stamp: string } | undefined;
  /** Whose token was last used or shown. */
  let known: Found["kind"] | undefined;
  const elsewhere = (): readonly string[] => cachedServers(options.configDir).filter((other) => other !== server);
  const keep = (found: Found, stamp = cache.stamp()): Found => {
    held = { found, stamp };
    known = found.kind;
    return found;
  };
  const current = (): Found | undefined => {
    if (held === undefined) return undefined;
    const { found, stamp } = held;
    const left = found.expiresAt === null ? Number.POSITIVE_INFINITY : found.expiresAt.getTime() - options.now().getTime();
    // Another terminal may have logged in or out meanwhile.
    return left > AHEAD_MS[found.kind] && (found.kind === "given" || stamp === cache.stamp()) ? found : undefined;
  };
  const resolve = async (): Promise<Found> => {
    const stamp = cache.stamp();
    const isOurs = known === "login";
    const found = await findToken(isOurs ? { ...sources, note: () => undefined, mint: async () => (isOver(cache, sources) ? undefined : await sources.mint()) } : sources);
    // Who is somebody by a login does not go on as somebody else when it ends, only after a logout.
    if (isOurs && found?.kind !== "login" && isOver(cache, sources)) throw loginOver(server);
    if (found === undefined) throw notLoggedIn(server, elsewhere());
    return keep(found, stamp);
  };
  const tokens = sharing<Found>();
  const replacements = sharing<Found | undefined>();
  return {
    async token(signal) {
      if (signal.aborted) throw interrupted();
      const found = current() ?? (await tokens("token", signal, resolve));
      if (options.ask !== undefined) warnOfEnd(found, sources);
      return found.token;
    },
    async refresh(rejected, signal) {
      // Replaced already, by a call that was refused a moment earlier.
      const now = current();
      if (now !== undefined && now.token !== rejected) return now.token;
      const found = await replacements(rejected, signal, () => another(sources, held?.found, rejected));
      return found === undefined || found.token === rejected ? undefined : keep(found).token;
    },
    async lapsed(signal) {
      if (current() !== undefined || hidingSource(sources) !== undefined || readOrUndefined(cache) === undefined) return false;
      try {
        await tokens("token", signal, resolve);
        return false;
      } catch (error) {
        if (isOver(cache, sources)) return true;
        throw error;
      }
    },
    hiding: () => hidingSource(sources),
    async whoami() {
      const found = current() ?? (await findToken(sources, true));
      if (found === undefined) throw notLoggedIn(server, elsewhere());
      known = found.kind;
      return whoOf(found, server);
    },
    async login({ flow, server: other }, tell, signal) {
      const target = other === undefined ? server : normalServer(other);
      const who = await logIn(options, { server: target, own: server, sources }, flow, tell, signal);
      held = undefined;
      if (target === server) known = "login";
      return who;
    },
    async logout(signal) {
      // A refused file is removed all the same, but whoever could write it shall not choose where its tokens go.
      const login = readOrUndefined(cache);
      const removed = cache.remove();
      held = undefined;
      known = undefined;
      const revoked = login !== undefined && (await revokeLogin(login, options, signal));
      return { removed, revoked, remaining: await otherSources(sources), elsewhere: elsewhere() };
    },
  };
}

/** Whether there is a login that has ended and cannot be renewed. */
function isOver(cache: LoginCache, { now, canRenew }: SourceOptions): boolean {
  const login = readOrUndefined(cache);
  return login !== undefined && !canRenew(login) && Date.parse(login.expires_at) <= now().getTime();
}

/** A person at a terminal hears in time that a token ends which nothing renews. */
function warnOfEnd({ kind, login, source, expiresAt }: Found, { now, note, canRenew }: SourceOptions): void {
  if (kind === "site" || expiresAt === null || expiresAt.getTime() - now().getTime() > WARN_MS) return;
  if (login !== undefined && canRenew(login)) return;
  note(`note: the token from ${source} ends at ${expiresAt.toISOString().slice(11, 16)} UTC and is not renewed`);
}

async function revokeLogin(login: CachedLogin, { env, timeoutMs, tls }: IdentityOptions, signal: AbortSignal): Promise<boolean> {
  const { revoke } = await import("./revoke.ts");
  return await revoke(login, env, { timeoutMs, signal, tls });
}

/** A token in place of one that a server refused, from the same source: a refusal never changes who one is. */
async function another(sources: SourceOptions, held: Found | undefined, rejected: string): Promise<Found | undefined> {
  const found = held ?? (await findToken(sources, true));
  if (found === undefined || found.kind === "given") return undefined;
  if (found.kind === "site") return await siteToken(sources);
  if (found.kind === "file") {
    const path = found.source.startsWith("token_path") ? sources.tokenPath?.value : `${sources.configDir}/token`;
    return fileToken(sources, path, found.source, false);
  }
  const login = sources.cache.read();
  if (login === undefined) return undefined;
  if (login.access_token !== rejected) return await loginToken(sources, false);
  if (!sources.canRenew(login)) return undefined;
  const renewed = await sources.renew(login);
  return renewed === undefined ? undefined : foundLogin(renewed);
}

function readOrUndefined(cache: LoginCache): CachedLogin | undefined {
  try {
    return cache.read();
  } catch {
    return undefined;
  }
}
