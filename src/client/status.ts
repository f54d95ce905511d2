// gRPC status and trailers → PactError. Nothing else looks at a gRPC error, and
// nothing else matches a server's words. A failure named by trailer wins over the code.
import type { Metadata, ServiceError } from "@grpc/grpc-js";
import { FAILURES, PactError, asPactError, type FailureDetails, type FailureName, type Setting } from "../api/index.ts";
import { APPROVAL_EXECUTES, APPROVAL_ID, FAILURE, HINT, MAX_HINT } from "../contract/metadata.ts";
import type { PeerKind } from "./endpoint.ts";
import { CUT_BEHIND_TLS, brokenConnection, execFailureName, failureByWords } from "./phrases.ts";
import { serverText } from "./visible.ts";

/** Whom a call goes to, for messages. */
export interface Peer {
  readonly kind: PeerKind;
  /** Name of the node, for an agent. */
  readonly node?: string | undefined;
  /** URL and where it came from. */
  readonly address: Setting<string>;
}

/** What was tried, for messages. */
export interface Attempt {
  readonly peer: Peer;
  /** What could not be done, as in "cannot …": "list nodes". */
  readonly doing: string;
  readonly requestId?: string | undefined;
  /** The time limit that applied, in ms. */
  readonly limitMs: number;
  /** Aborted: then the failure is the operator's own interruption. */
  readonly signal?: AbortSignal | undefined;
}

/** Numbers of the gRPC codes, so that this file does not load gRPC. */
const CODE = {
  INVALID_ARGUMENT: 3, DEADLINE_EXCEEDED: 4, NOT_FOUND: 5, ALREADY_EXISTS: 6, PERMISSION_DENIED: 7, RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9, ABORTED: 10, OUT_OF_RANGE: 11, UNIMPLEMENTED: 12, INTERNAL: 13, UNAVAILABLE: 14, UNAUTHENTICATED: 16,
} as const;

const BY_CODE: Readonly<Record<number, FailureName>> = {
  [CODE.INVALID_ARGUMENT]: "invalid",
  [CODE.NOT_FOUND]: "notFound",
  [CODE.ALREADY_EXISTS]: "conflict",
  [CODE.PERMISSION_DENIED]: "forbidden",
  [CODE.RESOURCE_EXHAUSTED]: "precondition",
  [CODE.FAILED_PRECONDITION]: "precondition",
  [CODE.ABORTED]: "conflict",
  [CODE.OUT_OF_RANGE]: "invalid",
  [CODE.UNIMPLEMENTED]: "unsupported",
  [CODE.UNAUTHENTICATED]: "unauthenticated",
};

/** Failures that only this side can meet; a server cannot claim them. */
const OURS_ALONE: ReadonlySet<string> = new Set(["usage", "notConfigured", "local", "internal", "interrupted", "remoteExit"]);

export function isGrpcError(thrown: unknown): thrown is ServiceError {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "number" && "details" in thrown && "metadata" in thrown;
}

const codeOf = (thrown: unknown): number | undefined => (isGrpcError(thrown) ? thrown.code : undefined);
/** The token was not accepted: worth one more try with a fresh one. */
export const isUnauthenticated = (thrown: unknown): boolean => codeOf(thrown) === CODE.UNAUTHENTICATED;
/** The server does not know the method. */
export const isUnimplemented = (thrown: unknown): boolean => codeOf(thrown) === CODE.UNIMPLEMENTED;

/** One trailer as text; undefined when absent. */
export function trailer(metadata: Metadata | undefined, name: string): string | undefined {
  const value = metadata?.get(name)[0];
  return value === undefined ? undefined : value.toString();
}

/** The failure a server named, spelt in any of the usual ways; undefined when it named none we know. */
function namedFailure(metadata: Metadata | undefined): FailureName | "approvalRequired" | undefined {
  const text = trailer(metadata, FAILURE)?.replace(/[-_]([a-z])/gu, (_, letter: string) => letter.toUpperCase());
  if (text === undefined || OURS_ALONE.has(text)) return undefined;
  if (text === "approvalRequired") return text;
  return Object.keys(FAILURES).find((name): name is FailureName => name === text);
}

/** `the journal`, or `the agent of node-007`. */
export const peerName = (peer: Peer): string => (peer.kind === "journal" ? "the journal" : `the agent of ${peer.node ?? "the node"}`);
const peerAt = (peer: Peer): string => `${peerName(peer)} at ${peer.address.value}`;
const origin = (peer: Peer): string => `${peer.kind === "journal" ? "endpoint" : "address"} from ${peer.address.where}`;

/** What to do about a journal that does not answer, where nothing better is known. */
const LOOK = "pact doctor";

export function interrupted(about: Attempt, cause?: unknown): PactError {
  return new PactError("interrupted", `interrupted: ${about.doing}`, { node: about.peer.node, requestId: about.requestId, cause });
}

/** The peer kept silent for `limitMs`. */
export function silence(about: Attempt, details: FailureDetails = {}): PactError {
  const { peer, limitMs } = about;
  return new PactError(peer.kind === "journal" ? "timeout" : "agentTimeout", `${peerAt(peer)} did not answer in ${limitMs / 1000} s`, {
    reason: origin(peer),
    hint: peer.kind === "journal" ? LOOK : undefined,
    node: peer.node,
    requestId: about.requestId,
    ...details,
  });
}

/** The peer cannot be reached: unreachable for the journal, connection for an agent. */
export function unreachable(about: Attempt, words: { readonly what?: string; readonly why: string; readonly hint?: string | undefined; readonly cause?: unknown }): PactError {
  const { peer } = about;
  const here = /^http:\/\/(?:localhost|127\.|\[::1\])/u.test(peer.address.value);
  const fallback = peer.kind === "journal" ? (here ? "pact site up" : LOOK) : undefined;
  return new PactError(peer.kind === "journal" ? "unreachable" : "connection", words.what ?? `cannot reach ${peerAt(peer)}`, {
    reason: `${words.why}; ${origin(peer)}`,
    hint: words.hint ?? fallback,
    node: peer.node,
    requestId: about.requestId,
    cause: words.cause,
  });
}

/** Something answers that does not speak our protocol. */
const stranger = (about: Attempt, why: string, cause?: unknown): PactError =>
  unreachable(about, { what: `something that is not a pact ${about.peer.kind} answers at ${about.peer.address.value}`, why, cause });

/** The failure of a call. PactErrors pass; anything that is not a gRPC error is a defect. */
export function failureOf(thrown: unknown, about: Attempt): PactError {
  if (thrown instanceof PactError) return thrown;
  if (about.signal?.aborted === true) return interrupted(about, thrown);
  if (!isGrpcError(thrown)) return asPactError(thrown);
  const named = refusal(thrown.metadata, thrown.details, about, thrown);
  if (named !== undefined) return named;
  return notGrpc(thrown.metadata, about) ?? transport(thrown, about) ?? byCode(thrown, about);
}

/** A failure named by trailer; undefined without one. `words` is the server's sentence. */
export function refusal(metadata: Metadata | undefined, words: string, about: Attempt, cause?: unknown): PactError | undefined {
  const name = namedFailure(metadata);
  if (name === undefined) return undefined;
  if (name === "approvalRequired") return approvalRequired(trailer(metadata, APPROVAL_ID), trailer(metadata, APPROVAL_EXECUTES) === "1", about, cause);
  return worded(name, words, about, trailer(metadata, HINT), cause);
}

/** A write that waits for a second person. */
export function approvalRequired(id: string | undefined, executes: boolean, about: Attempt, cause?: unknown): PactError {
  const shown = id === undefined ? "" : serverText(id, 64);
  return new PactError("policy", `to ${about.doing} needs a second person's approval`, {
    reason: `${shown === "" ? "" : `approval ${shown} waits for somebody else; `}${executes ? "the journal keeps the request and carries it out once accepted" : "nothing has been changed"}`,
    approvalId: shown === "" ? undefined : shown,
    node: about.peer.node,
    requestId: about.requestId,
    cause,
  });
}

/** A failure in the form operators read: what, and the server's sentence as the reason. */
export function worded(name: FailureName, words: string, about: Attempt, advice?: string, cause?: unknown): PactError {
  const { peer, doing } = about;
  if (name === "unreachable" || name === "connection") return unreachable(about, { why: serverText(words) || "it says it is unavailable", cause });
  const what: Partial<Record<FailureName, string>> = {
    unauthenticated: `${peerName(peer)} does not accept your token`,
    forbidden: `your role does not allow to ${doing}`,
    policy: `a policy does not allow to ${doing}`,
    unsupported: `${peerAt(peer)} cannot ${doing}`,
  };
  const reason = serverText(words);
  const serverHint = advice === undefined ? "" : serverText(advice, MAX_HINT);
  return new PactError(name, what[name] ?? `cannot ${doing}`, {
    reason: reason === "" ? undefined : reason,
    hint: name === "unauthenticated" ? "pact login" : undefined,
    serverHint: serverHint === "" ? undefined : serverHint,
    node: peer.node,
    requestId: about.requestId,
    cause,
  });
}

function byCode(error: ServiceError, about: Attempt): PactError {
  const { code, details } = error;
  if (code === CODE.UNAVAILABLE) return unreachable(about, { why: serverText(details) || "no reason given", cause: error });
  if (code === CODE.DEADLINE_EXCEEDED) return silence(about, { cause: error });
  const name = failureByWords(code, details) ?? BY_CODE[code] ?? "remote";
  return worded(name, details, about, undefined, error);
}

/** The failure when an answer's headers are not gRPC's; undefined when they are, or say nothing. */
export function notGrpc(headers: Metadata, about: Attempt): PactError | undefined {
  const type = trailer(headers, "content-type");
  return type === undefined || type.startsWith("application/grpc") ? undefined : stranger(about, `it answers with ${serverText(type, 60)}`);
}

/** Failures of the connection itself, told by the library's wording. */
function transport(error: ServiceError, about: Attempt): PactError | undefined {
  const found = brokenConnection(error.code, error.details);
  if (found === undefined) return undefined;
  switch (found.kind) {
    case "foreign":
      return stranger(about, found.why, error);
    case "broken":
      return worded("remote", found.why, about, undefined, error);
    case "torn":
      return unreachable(about, { what: `the answer of ${peerAt(about.peer)} is not whole`, why: found.why, cause: error });
    case "mute":
      return silence(about, { reason: `${found.why}; ${origin(about.peer)}`, cause: error });
    case "unreachable": {
      const { why, hint } = found.cut === true && about.peer.address.value.startsWith("https:") ? CUT_BEHIND_TLS : found;
      return unreachable(about, { why, hint, cause: error });
    }
  }
}

/** What an agent put into the stream of an exec or a shell instead of an exit status. A trailer says it better. */
export function execFailure(text: string, trailers: Metadata | undefined, about: Attempt): PactError {
  return refusal(trailers, text, about) ?? worded(execFailureName(text), text, about, trailer(trailers, HINT));
}
