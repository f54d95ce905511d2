// Tells the issuer of a login that it is over.
import type { CachedLogin } from "./cache.ts";
import type { Limits } from "./fetching.ts";
import { askWhereItIs } from "./moved.ts";
import { loadLibrary, recordedProvider } from "./openid.ts";

const LONGEST_MS = 10_000;

/** Best effort (Auth4): whether the provider took note within the deadline. */
export async function revoke(login: CachedLogin, env: NodeJS.ProcessEnv, { timeoutMs, signal, tls }: Limits): Promise<boolean> {
  if (login.revocation_endpoint === null) return false;
  const limits = { timeoutMs: Math.min(timeoutMs, LONGEST_MS), signal, tls };
  const secret = env["PACT_CLIENT_ID"] === login.client_id ? env["PACT_CLIENT_SECRET"] || undefined : undefined;
  try {
    const library = await loadLibrary();
    const client = { id: login.client_id, ...(secret === undefined ? {} : { secret }) };
    await askWhereItIs({ library, recorded: login, client, limits, endpoint: "revocation_endpoint" }, recordedProvider(library, login, client, limits), (provider) =>
      library.tokenRevocation(provider, login.refresh_token ?? login.access_token));
    return true;
  } catch (error) {
    // A self-contained token without a session behind it: there is nothing to end, and the provider said so.
    return login.refresh_token === null && error instanceof Error && "error" in error && error.error === "unsupported_token_type";
  }
}
