// The OpenID library, set up our way: loaded only for a login or a refresh, within
// deadlines, algorithms pinned, clear text only where the address was allowed.
import type * as openid from "openid-client";
import { boundedFetch, type Limits } from "./fetching.ts";

export type Library = typeof openid;
export type Provider = openid.Configuration;
export type Tokens = openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers;

/** Signatures that an id token may carry; no secret-keyed ones, and never none. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"] as const;
const SKEW_S = 60;

/** Takes about 20 ms the first time. */
export const loadLibrary = (): Promise<Library> => import("openid-client");

export interface Client {
  readonly id: string;
  readonly secret?: string;
}

/** Reads the provider's metadata. Clear text is allowed when its address is http, which was checked before. */
export async function discoverProvider(library: Library, idp: URL, client: Client, limits: Limits): Promise<Provider> {
  const found = await library.discovery(idp, client.id, undefined, undefined, {
    [library.customFetch]: fetchWithin(limits, idp),
    timeout: seconds(limits),
    ...(idp.protocol === "http:" ? { execute: [library.allowInsecureRequests] } : {}),
  });
  const provider = setUp(library, found.serverMetadata(), idp.protocol === "http:", client, limits);
  // The signature of the id token is checked too: without TLS nothing else vouches for it.
  library.enableNonRepudiationChecks(provider);
  return provider;
}

/** A provider as a login recorded it; nothing is asked. */
export function recordedProvider(
  library: Library,
  known: { readonly issuer: string; readonly token_endpoint: string; readonly revocation_endpoint: string | null },
  client: Client,
  limits: Limits,
): Provider {
  const { issuer, token_endpoint, revocation_endpoint } = known;
  const metadata = { issuer, token_endpoint, ...(revocation_endpoint === null ? {} : { revocation_endpoint }) };
  return setUp(library, metadata, issuer.startsWith("http:"), client, limits);
}

function setUp(library: Library, server: openid.ServerMetadata, clearText: boolean, client: Client, limits: Limits): Provider {
  const offered = server.id_token_signing_alg_values_supported;
  const pinned = Array.isArray(offered) ? ALGORITHMS.filter((algorithm) => offered.includes(algorithm)) : [...ALGORITHMS];
  const provider = new library.Configuration(
    { ...server, id_token_signing_alg_values_supported: pinned },
    client.id,
    { [library.clockTolerance]: SKEW_S },
    authentication(library, server, client),
  );
  provider[library.customFetch] = fetchWithin(limits, new URL(server.issuer));
  provider.timeout = seconds(limits);
  if (clearText) library.allowInsecureRequests(provider);
  return provider;
}

function authentication(library: Library, server: openid.ServerMetadata, { secret }: Client): openid.ClientAuth {
  if (secret === undefined) return library.None();
  const methods = server.token_endpoint_auth_methods_supported;
  return Array.isArray(methods) && !methods.includes("client_secret_basic") ? library.ClientSecretPost(secret) : library.ClientSecretBasic(secret);
}

const seconds = (limits: Limits): number => Math.max(1, Math.ceil(limits.timeoutMs / 1000));

function checkLeads(url: string, issuer: URL): void {
  if (!URL.canParse(url)) throw new Error("the provider leads to an address that is none");
  const { protocol, host } = new URL(url);
  if (protocol !== "https:" && !(protocol === "http:" && host === issuer.host)) throw new Error(`the provider leads to ${host || protocol} without encryption`);
}

/** A page that a person shall type a password into. Throws where it is neither encrypted nor the issuer's own. */
export const checkPage = (url: string, provider: Provider): void => checkLeads(url, new URL(provider.serverMetadata().issuer));

/** Clear text goes to the issuer's own host only, whatever its metadata says. */
const fetchWithin =
  (limits: Limits, issuer: URL): openid.CustomFetch =>
  async (url, { body, headers, method, signal }) => {
    checkLeads(url, issuer);
    return await boundedFetch(url, { method, headers, ...(body === undefined ? {} : { body }), ...(signal === undefined ? {} : { signal }) }, limits);
  };
