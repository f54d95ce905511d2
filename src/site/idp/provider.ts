// How the OpenID provider is set up: clients, flows, lifetimes, and the shape of
// the access tokens. Users and roles come from the site's configuration.
import type Provider from "oidc-provider";
import type { Client, Context, IssuedToken } from "oidc-provider";
import type { Clock, SiteConfig } from "../parts.ts";
import type { ProviderKeys } from "./keys.ts";
import { loadLibrary } from "./library.ts";
import { codePage, confirmPage, messagePage } from "./pages.ts";
import type { ProviderStore } from "./store.ts";
import { AUDIENCE } from "./tokens.ts";

export const CLI_CLIENT = "pact-cli";
export const SCOPES = ["openid", "profile", "offline_access"] as const;
/** The resource all access tokens are for; its audience is what servers check. */
const RESOURCE = "urn:pact:site";

const ACCESS_S = 600;
const REFRESH_S = 12 * 3600;

export interface ProviderParts {
  readonly issuer: string;
  /** Path of the issuer, "/oidc". */
  readonly mount: string;
  readonly config: SiteConfig;
  readonly keys: ProviderKeys;
  readonly store: ProviderStore;
  readonly secrets: ReadonlyMap<string, string>;
  readonly clock: Clock;
}

export async function createProvider(parts: ProviderParts): Promise<Provider> {
  const { default: Provider, errors } = await loadLibrary();
  const users = new Map(parts.config.users.map((user) => [user.name, user]));
  const provider = new Provider(parts.issuer, {
    adapter: parts.store.adapter,
    jwks: { keys: [parts.keys.jwk] },
    cookies: { keys: [...parts.keys.cookies] },
    clients: clientsOf(parts),
    scopes: ["openid", "offline_access"],
    claims: { openid: ["sub"], profile: ["name"] },
    findAccount: (_ctx: Context, sub: string) => (users.has(sub) ? { accountId: sub, claims: async () => ({ sub, name: sub }) } : undefined),
    extraTokenClaims: (_ctx: Context, token: IssuedToken) => roleClaims(parts.config, token),
    formats: { customizers: { jwt: (_ctx: Context, _token: IssuedToken, jwt: { payload: { iat: number; exp: number } }) => toSiteTime(parts.clock, jwt.payload) } },
    interactions: { url: (_ctx: Context, interaction: { uid: string }) => `${parts.mount}/interaction/${interaction.uid}` },
    pkce: { required: () => true },
    responseTypes: ["code"],
    rotateRefreshToken: true,
    issueRefreshToken: async (_ctx: Context, client: { grantTypeAllowed(type: string): boolean }) => client.grantTypeAllowed("refresh_token"),
    expiresWithSession: async () => false,
    clientBasedCORS: () => false,
    renderError,
    ttl: lifetimes(),
    features: features(errors.InvalidTarget),
  });
  // Failures reach the caller as OAuth errors; the site prints nothing.
  provider.silent = true;
  return provider;
}

function clientsOf({ config, secrets }: ProviderParts): object[] {
  const cli = {
    client_id: CLI_CLIENT,
    client_name: "pact",
    // A native client's loopback redirect may use any port.
    application_type: "native",
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
    response_types: ["code"],
    redirect_uris: ["http://127.0.0.1/callback", "http://localhost/callback", "http://[::1]/callback"],
  };
  const services = config.clients.map(({ id }) => ({
    client_id: id,
    client_secret: secrets.get(id),
    grant_types: ["client_credentials"],
    response_types: [],
    redirect_uris: [],
  }));
  return [cli, ...services];
}

function roleClaims(config: SiteConfig, token: IssuedToken): Record<string, string> {
  if (token.accountId !== undefined) {
    const user = config.users.find(({ name }) => name === token.accountId);
    return { pact_role: user?.role ?? "", pact_principal_type: user?.principalType ?? "human" };
  }
  const client = config.clients.find(({ id }) => id === token.clientId);
  return { pact_role: client?.role ?? "", pact_principal_type: "service" };
}

/** Moves a token's times from the machine's clock to the site's, by which servers judge it. */
function toSiteTime(clock: Clock, payload: { iat: number; exp: number }): void {
  const ahead = Math.round((clock.now() - Date.now()) / 1000);
  payload.iat += ahead;
  payload.exp += ahead;
}

function lifetimes(): object {
  interface Rotating {
    readonly oidc?: { readonly entities?: { readonly RotatedRefreshToken?: { readonly remainingTTL: number } } };
  }
  return {
    AccessToken: ACCESS_S,
    ClientCredentials: ACCESS_S,
    IdToken: ACCESS_S,
    AuthorizationCode: 60,
    DeviceCode: 600,
    Interaction: 600,
    // Rotation does not prolong a login: twelve hours after the password it ends.
    RefreshToken: (ctx: Rotating | undefined) => Math.max(1, ctx?.oidc?.entities?.RotatedRefreshToken?.remainingTTL ?? REFRESH_S),
    Session: REFRESH_S,
    Grant: REFRESH_S + 600,
  };
}

function features(InvalidTarget: new () => Error): object {
  const off = { enabled: false };
  return {
    devInteractions: off,
    dPoP: off,
    rpInitiatedLogout: off,
    pushedAuthorizationRequests: off,
    userinfo: off,
    clientCredentials: { enabled: true },
    revocation: { enabled: true, allowedPolicy: async (_ctx: Context, client: Client, token: IssuedToken) => token.clientId === client.clientId },
    deviceFlow: { enabled: true, mask: "****-****", userCodeInputSource, userCodeConfirmSource, successSource },
    resourceIndicators: {
      enabled: true,
      defaultResource: async () => RESOURCE,
      useGrantedResource: async () => true,
      getResourceServerInfo: async (_ctx: Context, resource: string) => {
        if (resource !== RESOURCE) throw new InvalidTarget();
        return { audience: AUDIENCE, scope: SCOPES.join(" "), accessTokenFormat: "jwt", accessTokenTTL: ACCESS_S, jwt: { sign: { alg: "RS256" } } };
      },
    },
  };
}

const xsrfOf = (ctx: Context): string => ctx.oidc.session?.state?.secret ?? "";

function show(ctx: Context, body: string): void {
  ctx.type = "html";
  ctx.body = body;
}

function userCodeInputSource(ctx: Context, _form: string, _out: unknown, error: { name: string } | undefined): void {
  const problem =
    error === undefined ? undefined : error.name === "AbortedError" ? "The login was cancelled." : "This code is wrong, used or expired. Look at your terminal again.";
  show(ctx, codePage(ctx.oidc.urlFor("code_verification"), xsrfOf(ctx), problem));
}

function userCodeConfirmSource(ctx: Context, _form: string, _client: unknown, _device: unknown, code: string): void {
  show(ctx, confirmPage(ctx.oidc.urlFor("code_verification"), xsrfOf(ctx), code));
}

function successSource(ctx: Context): void {
  show(ctx, messagePage("Logged in", "You can close this page and go back to your terminal."));
}

function renderError(ctx: Context, out: { error?: string; error_description?: string }): void {
  show(ctx, messagePage("The login failed", `${out.error ?? "error"}: ${out.error_description ?? "no reason given"}. Start again with: pact login`));
}
