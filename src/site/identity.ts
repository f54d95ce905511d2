// Who vouches for tokens: the identity provider, or under the real profile one shared secret.
import type { IncomingMessage, ServerResponse } from "node:http";
import { createHs256 } from "./idp/hs256.ts";
import { createIdp } from "./idp/server.ts";
import type { Clock, MintToken, SiteConfig, VerifyToken } from "./parts.ts";
import type { SitePaths } from "./paths.ts";

export interface Discovery {
  readonly idp_url: string;
  readonly client_id: string;
  readonly scopes: readonly string[];
}

export interface SiteIdentity {
  /** null under the real profile: nobody can log in there. */
  readonly issuer: string | null;
  readonly verify: VerifyToken;
  readonly mint: MintToken;
  readonly discovery: Discovery;
  /** Absent under the real profile. */
  readonly logins?: {
    password(user: string): Promise<string>;
    setPassword(user: string, password: string): Promise<void>;
    clientSecret(id: string): Promise<string>;
    handle(request: IncomingMessage, response: ServerResponse): void;
  };
  close(): Promise<void>;
}

/** Path below which the provider answers, on the journal's HTTP port. */
export const ISSUER_PATH = "/oidc";

/** `http`: URL of the journal's HTTP side, which the provider shares. */
export async function openIdentity(
  profile: "embedded" | "real",
  about: { readonly paths: SitePaths; readonly http: string; readonly clock: Clock; readonly config: SiteConfig },
): Promise<SiteIdentity> {
  const { paths, clock, config } = about;
  if (profile === "real") {
    const shared = await createHs256({ dir: paths.secrets, clock });
    return {
      issuer: null,
      verify: shared.verify,
      mint: shared.mint,
      discovery: { idp_url: "", client_id: "pact-cli", scopes: ["openid", "profile"] },
      close: async () => {},
    };
  }
  const issuer = `${new URL(about.http).origin}${ISSUER_PATH}`;
  const idp = await createIdp({ dir: paths.secrets, clock, config }, issuer);
  return {
    issuer: idp.issuer,
    verify: idp.verify,
    mint: idp.mint,
    discovery: idp.discovery,
    logins: {
      password: (user) => idp.passwords.get(user),
      setPassword: (user, password) => idp.passwords.set(user, password),
      clientSecret: (id) => idp.clientSecret(id),
      handle: idp.handler,
    },
    close: () => idp.close(),
  };
}
