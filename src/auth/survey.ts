// Looking at a login without using it: which token would go with a call and which sources
// stand beside it, where one would log in, and whether the provider answers there.
import { PactError, type IssuerAnswer, type LoginAt, type TokenSurvey } from "../api/index.ts";
import { cachedServers, openCache } from "./cache.ts";
import { findLoginPlace } from "./discovery.ts";
import type { Limits } from "./fetching.ts";
import { whoOf } from "./login-session.ts";
import { discoverProvider, loadLibrary } from "./openid.ts";
import { sourcesOf, type IdentityOptions } from "./options.ts";
import { LoginEnded, notLoggedIn, providerProblem } from "./problems.ts";
import { normalServer } from "./server-url.ts";
import { findToken, otherSources, LOGIN, type Found, type SourceOptions } from "./sources.ts";

/** As near to its end as this, a kept login is renewed before the next call, in ms. */
const DUE_MS = 30_000;

/** Nothing is renewed and nothing leaves the machine. Throws usage when the server's URL makes no sense. */
export async function surveyTokens(options: IdentityOptions): Promise<TokenSurvey> {
  const server = normalServer(options.server);
  const passedBy: string[] = [];
  const note = (line: string): void => void passedBy.push(line.replace(/^note: /u, ""));
  const sources = sourcesOf({ ...options, note }, server, openCache(options.configDir, server));
  let found: Found | undefined;
  let problem: PactError | null = null;
  try {
    found = await findToken(sources, true);
    if (found === undefined) problem = notLoggedIn(server, cachedServers(options.configDir).filter((other) => other !== server));
  } catch (error) {
    if (!(error instanceof PactError)) throw error;
    problem = error;
  }
  return {
    who: found === undefined ? null : whoOf(found, server),
    renewal: found === undefined ? "none" : renewalOf(found, sources),
    issuer: found?.login?.issuer ?? null,
    problem,
    passedBy,
    hidden: (await usable(sources)).filter((source) => source !== found?.source),
  };
}

function renewalOf({ kind, login, expiresAt }: Found, { now, canRenew }: SourceOptions): TokenSurvey["renewal"] {
  if (kind === "site") return "possible";
  if (login === undefined || !canRenew(login)) return "none";
  return expiresAt !== null && expiresAt.getTime() - now().getTime() <= DUE_MS ? "due" : "possible";
}

/** Every source that has a token now. */
async function usable(sources: SourceOptions): Promise<readonly string[]> {
  const others = await otherSources(sources);
  try {
    const login = sources.cache.read();
    const good = login !== undefined && (sources.canRenew(login) || Date.parse(login.expires_at) > sources.now().getTime());
    return good ? [...others, LOGIN] : others;
  } catch {
    // A refused cache hides nothing.
    return others;
  }
}

/** Where one would log in, and who said so. */
export async function surveyLogin(options: Pick<IdentityOptions, "server" | "site" | "auth">, limits: Limits): Promise<LoginAt> {
  const { server, site, auth } = options;
  let where = "[auth] in cli.toml";
  const answered: Limits["answered"] = (url, headers) => {
    where = url;
    limits.answered?.(url, headers);
  };
  const place = await findLoginPlace(normalServer(server), site?.discoveryUrl, auth, { ...limits, answered });
  return { issuer: place.idp.href, clientId: place.clientId, where: auth.idpUrl === undefined ? where : "idp_url below [auth] in cli.toml" };
}

/** Reads the provider's metadata, as a login does. Throws connection when it does not answer as one. */
export async function surveyIssuer(url: string, clientId: string, limits: Limits): Promise<IssuerAnswer> {
  try {
    const idp = new URL(url);
    const metadata = (await discoverProvider(await loadLibrary(), idp, { id: clientId }, limits)).serverMetadata();
    const grants = metadata.grant_types_supported ?? [];
    const offers = [
      ...(metadata.authorization_endpoint === undefined ? [] : ["browser"]),
      ...(metadata.device_authorization_endpoint === undefined ? [] : ["device code"]),
      ...(grants.includes("client_credentials") ? ["service account"] : []),
    ];
    return { issuer: metadata.issuer, offers };
  } catch (error) {
    const problem = providerProblem(error, { url, secrets: [], signal: limits.signal });
    if (problem instanceof LoginEnded || problem.failure === "interrupted") throw new PactError("interrupted", "interrupted", { cause: error });
    // No token is at stake here: it is a peer that does not answer.
    throw new PactError("connection", problem.message, { ...problem.about, hint: problem.about.hint ?? "ask whoever runs the identity provider" });
  }
}
