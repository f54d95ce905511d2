// Names of the headers and trailers that pact's servers and clients exchange
// beside the messages. All but `authorization` are extensions; a stock server
// sends none of them, and a client that finds none goes by the gRPC status.

/** Request header; the value is `Bearer JWT`, capital B, one space. */
export const AUTHORIZATION = "authorization";
/** Request header: an id the client made, which the audit log repeats. */
export const REQUEST_ID = "pact-request-id";

/** Initial metadata and trailer of every answer: the server's clock, RFC 3339. Its presence tells our servers from stock ones. */
export const TIME = "pact-time";
/** Trailer: the failure's name, one of the FAILURES a client knows. Unknown names fall back to the status. */
export const FAILURE = "pact-failure";
/** Trailer: one sentence of advice. Shown as the server's words, never as ours. */
export const HINT = "pact-hint";
/** Trailer: id of the approval a refused write now waits for. */
export const APPROVAL_ID = "pact-approval-id";
/** Trailer: "1" when the server itself executes the write once approved. */
export const APPROVAL_EXECUTES = "pact-approval-executes";

/** Longest hint a client shows, in characters. */
export const MAX_HINT = 200;

/** Trailer of an exec whose process a signal ended: its name, such as SIGKILL. */
export const SIGNAL = "pact-signal";
/** Trailer of an exec whose output was cut at a limit: names of the streams, with commas. */
export const TRUNCATED = "pact-truncated";
