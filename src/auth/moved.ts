// Stale discovery: a login records the provider's addresses, and a provider may move them.
// Its issuer is asked again where they are when the recorded ones do not answer as they should.
import { discoverProvider, type Client, type Library, type Provider } from "./openid.ts";
import { networkReason, oauthCode } from "./problems.ts";
import type { Limits } from "./fetching.ts";

export interface Recorded {
  readonly issuer: string;
  readonly token_endpoint: string;
  readonly revocation_endpoint: string | null;
}

type Endpoint = "token_endpoint" | "revocation_endpoint";

/**
 * Runs `ask` at the recorded provider; where that fails other than by the provider's own word, once more at the address
 * that the issuer names now, if it is another.
 */
export async function askWhereItIs<T>(
  about: { readonly library: Library; readonly recorded: Recorded; readonly client: Client; readonly limits: Limits; readonly endpoint: Endpoint },
  known: Provider,
  ask: (provider: Provider) => Promise<T>,
): Promise<{ readonly answer: T; readonly provider: Provider }> {
  try {
    return { answer: await ask(known), provider: known };
  } catch (error) {
    const { library, recorded, client, limits, endpoint } = about;
    if (oauthCode(error) !== undefined || limits.signal.aborted || isAllDown(error, recorded, endpoint)) throw error;
    const moved = await discoverProvider(library, new URL(recorded.issuer), client, limits).catch(() => undefined);
    const address = moved?.serverMetadata()[endpoint];
    if (moved === undefined || address === undefined || address === recorded[endpoint]) throw error;
    return { answer: await ask(moved), provider: moved };
  }
}

/** Nothing answers where the issuer is too: asking it would only take as long again. */
function isAllDown(error: unknown, recorded: Recorded, endpoint: Endpoint): boolean {
  const address = recorded[endpoint];
  return networkReason(error) !== undefined && address !== null && URL.canParse(address) && new URL(address).origin === new URL(recorded.issuer).origin;
}
