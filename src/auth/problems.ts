// What can go wrong between pact and an identity provider, in the operator's
// terms. Nothing of a library's error is passed on but its name and its sentence,
// with the secrets of the call blotted out (Auth7).
import { PactError } from "../api/index.ts";
import { codeOf } from "./cache.ts";
import { tlsProblem } from "./tls-problem.ts";
import { visible } from "./visible.ts";

const BREAK_GLASS = "a token that is still good works meanwhile (--token @FILE); if the identity provider stays down, a node's BMC console is the way in (break-glass)";

export const interrupted = (): PactError => new PactError("interrupted", "interrupted");

/** `elsewhere`: servers with a login, which is theirs alone (Auth6). */
export const notLoggedIn = (server: string, elsewhere: readonly string[]): PactError =>
  new PactError("unauthenticated", `not logged in to ${server}`, {
    reason: elsewhere.length === 0 ? undefined : `logins are kept for ${elsewhere.join(", ")}; use one with --endpoint URL`,
    hint: "pact login",
  });

/** The login that calls went with is over; nobody else's token takes its place. */
export const loginOver = (server: string): PactError =>
  new PactError("unauthenticated", `your login to ${server} has ended`, { hint: "pact login" });

export const unreachable = (what: string, url: string, reason: string): PactError =>
  new PactError("unauthenticated", `cannot reach ${what} at ${visible(url)}`, { reason, hint: BREAK_GLASS });

/** The login that is kept cannot be renewed any more: the provider says so. */
export class LoginEnded extends Error {}

interface Where {
  readonly url: string;
  readonly secrets: readonly string[];
  readonly signal: AbortSignal;
}

/** Anything thrown while speaking to the provider, as a failure with a name. */
export function providerProblem(error: unknown, { url, secrets, signal }: Where): PactError | LoginEnded {
  if (error instanceof PactError || error instanceof LoginEnded) return error;
  if (signal.aborted) return interrupted();
  const oauth = oauthCode(error);
  if (oauth === "invalid_grant") return new LoginEnded();
  if (oauth !== undefined) {
    const said = textOf(error, "error_description");
    return new PactError("unauthenticated", `the identity provider refused: ${visible(oauth, secrets)}`, {
      ...(said === undefined ? {} : { serverHint: visible(said, secrets) }),
      hint: HINTS[oauth],
    });
  }
  const clock = clockReason(error);
  if (clock !== undefined) return new PactError("unauthenticated", "the identity provider's tokens are expired when they arrive", { reason: clock, hint: "set the clock of this machine" });
  const tls = tlsProblem(error);
  if (tls !== undefined) return new PactError("unauthenticated", `cannot reach the identity provider at ${visible(url)}`, tls);
  const failed = networkReason(error);
  if (failed !== undefined) return unreachable("the identity provider", url, failed);
  return new PactError("unauthenticated", `the answer of the identity provider at ${visible(url)} is not accepted`, { reason: visible(deepest(error), secrets) });
}

const HINTS: Readonly<Record<string, string>> = {
  expired_token: "pact login --device-code",
  invalid_client: "check [auth] client_id, or PACT_CLIENT_ID and PACT_CLIENT_SECRET",
  unauthorized_client: "check [auth] client_id, or PACT_CLIENT_ID and PACT_CLIENT_SECRET",
  invalid_scope: "check [auth] scopes",
  invalid_target: "check [auth] resource",
  access_denied: "pact login",
};

/** The provider's own word for a refusal; undefined when it said none. */
export function oauthCode(error: unknown): string | undefined {
  const code = textOf(error, "error");
  if (code !== undefined) return code;
  // A challenge instead of a body: the client's own id or secret was refused.
  return error instanceof Error && error.name === "WWWAuthenticateChallengeError" ? "invalid_client" : undefined;
}

function textOf(error: unknown, name: string): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const value = new Map<string, unknown>(Object.entries(error)).get(name) ?? Reflect.get(error, name);
  return typeof value === "string" ? value : undefined;
}

/** Why nothing was answered; undefined when something was. */
export function networkReason(error: unknown): string | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 6; at = at.cause, depth += 1) {
    if (at.name === "TimeoutError" || codeOf(at) === "OAUTH_TIMEOUT") return "it did not answer in time";
    const code = codeOf(at);
    if (/^(E[A-Z]+|UND_ERR_\w+|CERT_\w+|\w*_CERT\w*|DEPTH_ZERO\w+|ERR_TLS\w+|ERR_SSL\w+)$/.test(code) && code !== "ERR_INVALID_ARG_TYPE") return code;
    if (at instanceof TypeError && at.message === "fetch failed" && at.cause === undefined) return "the connection failed";
  }
  return statusReason(error);
}

/** How far our clock is off, when a fresh token counts as expired. */
function clockReason(error: unknown): string | undefined {
  for (let at: unknown = error, depth = 0; typeof at === "object" && at !== null && depth < 6; at = "cause" in at ? at.cause : undefined, depth += 1) {
    if (!("claims" in at && "now" in at && "claim" in at) || at.claim !== "exp" || typeof at.now !== "number") continue;
    const { claims } = at;
    const issued = typeof claims === "object" && claims !== null && "iat" in claims ? claims.iat : undefined;
    return typeof issued === "number" ? `your clock is ${at.now - issued} s ahead of the provider's` : "your clock is ahead of the provider's";
  }
  return undefined;
}

/** A gateway's 5xx is as good as no answer. */
function statusReason(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Response && cause.status >= 500 ? `it answers ${cause.status}` : undefined;
}

/** The innermost sentence, which says what exactly was wrong. */
function deepest(error: unknown): string {
  let at = error;
  for (let depth = 0; at instanceof Error && at.cause instanceof Error && depth < 6; depth += 1) at = at.cause;
  return at instanceof Error ? at.message : "unknown";
}
