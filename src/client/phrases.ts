// The words by which failures are told where nothing better exists: those of the gRPC
// library for connections, those of stock journals and agents for refusals. Used by status.ts alone.
import type { FailureName } from "../api/index.ts";
import { serverText } from "./visible.ts";

export interface Broken {
  /** foreign: speaks something else. mute: accepts and says nothing. broken: it gave up within an answer, or we did. torn: what came is no answer. */
  readonly kind: "foreign" | "mute" | "broken" | "torn" | "unreachable";
  readonly why: string;
  readonly hint?: string;
  /** A cut connection: with TLS 1.3 the alert that names the reason may be lost on the way. */
  readonly cut?: true;
}

/** What a cut connection means where TLS is spoken. */
export const CUT_BEHIND_TLS = { why: "it cuts the connection; it may not accept our certificate, or want one", hint: "if it wants a client certificate: set cert_file and key_file in [tls] of cli.toml" } as const;

const CANCELLED = 1;
const UNAVAILABLE = 14;
const DEADLINE_EXCEEDED = 4;

type Rule = readonly [RegExp, Broken];

const RULES: readonly Rule[] = [
  [/Received HTTP status code (?:429|502|503|504)/u, { kind: "unreachable", why: "a proxy answers that it is not available" }],
  [/Received HTTP status code (\d+)/u, { kind: "foreign", why: "it answers as an ordinary web server" }],
  [/Last error: Protocol error/u, { kind: "foreign", why: "it does not speak HTTP/2" }],
  [/wrong version number|packet length too long|unexpected message/u, { kind: "unreachable", why: "it does not speak TLS", hint: "use http:// in the endpoint" }],
  [/no application protocol/u, { kind: "foreign", why: "it speaks TLS, but not HTTP/2" }],
  [/self-signed certificate|unable to (?:get|verify)|unable to get local issuer/u, { kind: "unreachable", why: "its certificate is signed by nobody we trust", hint: "set ca_file in [tls] of cli.toml" }],
  [/certificate has expired/u, { kind: "unreachable", why: "its certificate has expired" }],
  [/certificate is not yet valid/u, { kind: "unreachable", why: "its certificate is not valid yet; is this machine's clock right?" }],
  [/altnames|does not match certificate/u, { kind: "unreachable", why: "its certificate is for another host" }],
  [/alert (?:bad certificate|certificate required|unknown ca|handshake failure|certificate unknown)|certificate required/iu, { kind: "unreachable", why: "it does not accept our certificate", hint: "set cert_file and key_file in [tls] of cli.toml" }],
  [/Last error: undefined/u, { kind: "unreachable", why: "the proxy that http_proxy names does not lead there", hint: "name the host in no_proxy" }],
  [/ECONNREFUSED/u, { kind: "unreachable", why: "connection refused" }],
  [/ETIMEDOUT/u, { kind: "unreachable", why: "the connection timed out" }],
  [/EHOSTUNREACH|ENETUNREACH/u, { kind: "unreachable", why: "no route to the host" }],
  [/Name resolution failed|ENOTFOUND|EAI_AGAIN/u, { kind: "unreachable", why: "the host name is not known" }],
  [/Last error: Failed to connect/u, { kind: "unreachable", why: "it closes the connection at once; it may want https://", cut: true }],
  [/ECONNRESET|Connection dropped|EPIPE|Socket closed/u, { kind: "unreachable", why: "the connection was cut", cut: true }],
];

/** What a status says of the connection; undefined when the server itself answered it. */
export function brokenConnection(code: number, details: string): Broken | undefined {
  if (code === DEADLINE_EXCEEDED && /Waiting for LB pick/u.test(details)) {
    return { kind: "mute", why: "something accepts the connection there, or drops it, and says nothing" };
  }
  // We did not cancel it (status.ts asks first): a server that shuts down resets its streams so.
  if (code === CANCELLED) return { kind: "unreachable", why: "it broke the call off" };
  if (/^Received message larger than max|^Received message that decompresses/u.test(details)) {
    return { kind: "broken", why: "its answer is larger than 64 MiB" };
  }
  if (/^Received RST_STREAM with code 2 \(Internal server error\)/u.test(details)) return { kind: "broken", why: "its answer broke off" };
  if (/^Received RST_STREAM with code|^No status information received|^Response message parsing error|^No message received/u.test(details)) {
    return { kind: "torn", why: "it broke off or makes no sense" };
  }
  // A server may send these words itself; only the library uses them with these codes.
  if (code !== UNAVAILABLE && !details.startsWith("Received HTTP status code")) return undefined;
  const rule = RULES.find(([words]) => words.test(details));
  if (rule !== undefined) return rule[1];
  const last = /Last error: (?:Error: )?(.*?)(?:\. Resolution note: .*)?$/su.exec(details)?.[1];
  return last === undefined ? undefined : { kind: "unreachable", why: serverText(last, 200) };
}

/** Stock journals tell some failures by their sentence alone (they have no trailers). */
export function failureByWords(code: number, details: string): FailureName | undefined {
  const internal = 13;
  const failedPrecondition = 9;
  if (code === internal && /Raft write failed/u.test(details)) return /leader|quorum|forward/iu.test(details) ? "unreachable" : "remote";
  if (code !== failedPrecondition) return undefined;
  if (/NODE_ALREADY_ENROLLED|HARDWARE_IDENTITY_CONFLICT|ALREADY_ACTIVE|already (?:Approved|Rejected|Expired)/u.test(details)) return "conflict";
  if (/NODE_NOT_ENROLLED/u.test(details)) return "notFound";
  if (/TTL must be/u.test(details)) return "invalid";
  if (/active consumers/u.test(details)) return "rollbackFailed";
  return undefined;
}

/** What agents put into the stream of an exec, most specific first: the whitelist's text comes wrapped in the others. */
const EXEC_ERRORS: readonly (readonly [RegExp, FailureName])[] = [
  [/not whitelisted/u, "notWhitelisted"],
  [/sensitive path|access denied/iu, "policy"],
  [/insufficient privileges|requires pact-ops-/u, "forbidden"],
  [/token expired|invalid audience|invalid issuer|invalid token|invalid Bearer token format|no signing key/u, "unauthenticated"],
  [/not found on PATH/u, "notFound"],
  [/timed out after/u, "agentTimeout"],
  [/^authentication failed/u, "unauthenticated"],
  [/^execution failed/u, "remote"],
  [/policy/iu, "policy"],
];

/** The failure an in-stream error of an agent means. */
export const execFailureName = (text: string): FailureName => EXEC_ERRORS.find(([words]) => words.test(text))?.[1] ?? "remote";
