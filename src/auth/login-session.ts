// A login as the operator sees it: not at all when one is still good, and with a
// word about tokens that hide it.
import { PactError, type LoginFlow, type Who } from "../api/index.ts";
import { browserOf } from "./browser.ts";
import { openCache } from "./cache.ts";
import { hidingSource } from "./hiding.ts";
import { sourcesOf, type IdentityOptions } from "./options.ts";
import { foundLogin, loginToken, type Found, type SourceOptions } from "./sources.ts";

const FIVE_MINUTES_MS = 300_000;

export interface Target {
  readonly server: string;
  /** The server of this identity. */
  readonly own: string;
  readonly sources: SourceOptions;
}

export async function logIn(options: IdentityOptions, target: Target, flow: LoginFlow, tell: (line: string) => void, signal: AbortSignal): Promise<Who> {
  const { server, own } = target;
  const cache = openCache(options.configDir, server);
  const sources = server === own ? target.sources : sourcesOf({ ...options, site: undefined }, server, cache);
  const before = await stillLoggedIn(sources, tell);
  if (before !== undefined) {
    tell(`already logged in to ${server} as ${before.claims.principal}; to log in as somebody else, first: pact logout`);
    return whoOf(before, server);
  }
  const { login } = await import("./login.ts");
  const fresh = await login(
    {
      server,
      discoveryUrl: server === own ? options.site?.discoveryUrl : undefined,
      cache,
      auth: options.auth,
      env: options.env,
      now: options.now,
      timeoutMs: options.timeoutMs,
      tls: options.tls,
      openBrowser: options.openBrowser ?? browserOf(options.env),
      ask: options.ask,
      callbackLimitMs: options.callbackLimitMs ?? FIVE_MINUTES_MS,
    },
    flow,
    tell,
    signal,
  );
  // A site of one's own is found by itself.
  const { keepDefaultServer } = await import("./default-server.ts");
  const isNew = (options.site === undefined || server !== own) && keepDefaultServer(options.configDir, server);
  if (isNew) tell(`${server} is the default from now on, where no endpoint is set`);
  if (!isNew || options.serverIsDefault !== true) sayWhatHides(target, tell);
  return whoOf(foundLogin(fresh), server);
}

/** The login that is kept, if it is good or can be renewed. A refused one is replaced by the new login. */
async function stillLoggedIn(sources: SourceOptions, tell: (line: string) => void): Promise<Found | undefined> {
  try {
    sources.cache.read();
  } catch (error) {
    if (!(error instanceof PactError)) throw error;
    tell(`note: ${error.message}: ${error.about.reason ?? ""}; a new login replaces it`);
    return undefined;
  }
  try {
    return await loginToken({ ...sources, note: () => undefined }, false);
  } catch (error) {
    if (!(error instanceof PactError) || error.failure === "interrupted") throw error;
    // Its provider is gone or has changed; the journal may name another by now.
    tell(`note: the login that is kept cannot be renewed: ${error.message}; logging in anew`);
    return undefined;
  }
}

function sayWhatHides({ server, own, sources }: Target, tell: (line: string) => void): void {
  if (server !== own) {
    tell(`note: this login is used with: --endpoint ${server}; to make it the default, set endpoint in cli.toml`);
    return;
  }
  const hiding = hidingSource(sources);
  if (hiding !== undefined) tell(`note: ${hiding.what} comes first and hides this login; to use the login: ${hiding.remedy}`);
}

export const whoOf = ({ claims, source, expiresAt }: Found, server: string): Who => ({
  principal: claims.principal,
  principalType: claims.principalType,
  role: claims.role,
  server,
  issuer: claims.issuer,
  expiresAt,
  tokenSource: source,
});
