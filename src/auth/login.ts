// One login: chooses the flow by what was asked for and what the provider offers
// (Auth8), and keeps the tokens. Whatever fails leaves the cache as it was.
import { PactError, type LoginFlow } from "../api/index.ts";
import type { CachedLogin, LoginCache } from "./cache.ts";
import { loginByCode } from "./code-flow.ts";
import { loginByDevice } from "./device-flow.ts";
import { findLoginPlace, type AuthSettings, type LoginPlace } from "./discovery.ts";
import type { Tls } from "./fetching.ts";
import type { Flow, Tokens } from "./flow.ts";
import { loginOf } from "./grant.ts";
import { discoverProvider, loadLibrary, type Client, type Provider } from "./openid.ts";
import { LoginEnded, providerProblem } from "./problems.ts";
import { serviceAccount } from "./service-flow.ts";

export interface LoginOptions {
  /** Normalised. */
  readonly server: string;
  readonly discoveryUrl: string | undefined;
  readonly cache: LoginCache;
  readonly auth: AuthSettings;
  readonly env: NodeJS.ProcessEnv;
  readonly now: () => Date;
  readonly timeoutMs: number;
  readonly tls?: Tls | undefined;
  readonly openBrowser: (url: string) => boolean;
  readonly ask: ((question: string, secret: boolean) => Promise<string>) | undefined;
  readonly callbackLimitMs: number;
}

const SKEW_S = 60;
/** Scopes that only a person's login has. */
const PERSONAL: ReadonlySet<string> = new Set(["openid", "profile", "email", "offline_access"]);

export async function login(options: LoginOptions, flow: LoginFlow, tell: (line: string) => void, signal: AbortSignal): Promise<CachedLogin> {
  const account: Client | undefined = flow === "service-account" ? serviceAccount(options.env) : undefined;
  const limits = { timeoutMs: options.timeoutMs, signal, tls: options.tls };
  const place = await findLoginPlace(options.server, options.discoveryUrl, options.auth, limits);
  const client = account ?? { id: place.clientId };
  const secrets = [account?.secret ?? ""];
  try {
    const library = await loadLibrary();
    const provider = await discoverProvider(library, place.idp, client, limits);
    const scopes = scopesFor(place, provider, account !== undefined, options.auth);
    const tokens = await run({ library, provider, scopes, resource: options.auth.resource, tell, signal }, flow, options);
    sayClock(tokens, options.now(), tell);
    const found = loginOf(tokens, provider, { server: options.server, clientId: client.id, scopes, now: options.now() });
    options.cache.write(found);
    return found;
  } catch (error) {
    const problem = providerProblem(error, { url: place.idp.href, secrets, signal });
    if (problem instanceof LoginEnded) throw new PactError("unauthenticated", "the identity provider does not accept this login any more", { hint: "pact login" });
    throw problem;
  }
}

async function run(flow: Flow, kind: LoginFlow, options: LoginOptions): Promise<Tokens> {
  if (kind === "service-account") {
    const { scopes, resource } = flow;
    return await flow.library.clientCredentialsGrant(flow.provider, { ...(scopes.length === 0 ? {} : { scope: scopes.join(" ") }), ...(resource === undefined ? {} : { resource }) });
  }
  const offers = offered(flow.provider);
  if (kind === "device") {
    if (!offers.device) throw new PactError("unauthenticated", "the identity provider offers no login by device code", { hint: "pact login" });
    return await loginByDevice(flow);
  }
  if (offers.code) {
    const { openBrowser: open, ask, callbackLimitMs: limitMs } = options;
    const tokens = await loginByCode(flow, { callbackPort: options.auth.callbackPort, open, ask, limitMs }, offers.device);
    if (tokens !== undefined) return tokens;
  }
  if (offers.device) return await loginByDevice(flow);
  throw new PactError("unauthenticated", "the identity provider offers no login that pact supports", { reason: "neither authorization code with PKCE (S256) nor device code" });
}

function offered(provider: Provider): { readonly code: boolean; readonly device: boolean } {
  const metadata = provider.serverMetadata();
  const { authorization_endpoint, device_authorization_endpoint, code_challenge_methods_supported: challenges } = metadata;
  return {
    code: authorization_endpoint !== undefined && (!Array.isArray(challenges) || challenges.includes("S256")),
    device: device_authorization_endpoint !== undefined,
  };
}

function scopesFor(place: LoginPlace, provider: Provider, isService: boolean, auth: AuthSettings): readonly string[] {
  if (isService) return (auth.scopes ?? []).filter((scope) => !PERSONAL.has(scope));
  const offersRefresh = provider.serverMetadata().scopes_supported?.includes("offline_access") === true;
  const wanted = ["openid", ...place.scopes, ...(offersRefresh ? ["offline_access"] : [])];
  return [...new Set(wanted)];
}

function sayClock(tokens: Tokens, now: Date, tell: (line: string) => void): void {
  const behind = (tokens.claims()?.iat ?? 0) - Math.floor(now.getTime() / 1000);
  if (behind > SKEW_S) tell(`note: your clock is ${behind} s behind the identity provider's`);
}
