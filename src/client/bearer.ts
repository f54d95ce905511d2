// The token a call carries: asked for anew each time, refreshed at most once when a server
// rejects it. Its text appears in no message (Auth7).
import { PactError } from "../api/index.ts";

export interface TokenSupplier {
  /** The token to use now; throws unauthenticated when there is none (Auth1). */
  token(signal: AbortSignal): Promise<string>;
  /** A token to use instead of one a server rejected; undefined when there is none. */
  refresh(rejected: string, signal: AbortSignal): Promise<string | undefined>;
}

/** The token, fit to travel in a header. */
export async function bearerToken(supplier: TokenSupplier, signal: AbortSignal): Promise<string> {
  return checked(await supplier.token(signal));
}

/** Another token after a rejection; undefined when trying again makes no sense. */
export async function renewedToken(supplier: TokenSupplier, rejected: string, signal: AbortSignal): Promise<string | undefined> {
  const renewed = await supplier.refresh(rejected, signal);
  return renewed === undefined || renewed === rejected ? undefined : checked(renewed);
}

function checked(token: string): string {
  if (/^[\x21-\x7e]+$/u.test(token)) return token;
  throw new PactError("unauthenticated", "the token is not one", {
    reason: token === "" ? "it is empty" : "it holds blanks or characters that no token has",
    hint: "pact login",
  });
}
