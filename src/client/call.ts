// The three kinds of calls: one answer, a stream of answers, a stream both ways. Each is
// bound by an AbortSignal and a time limit, carries the token and a request id, is
// tried again once with a fresh token, and fails with a PactError alone.
import type { CallOptions, ClientDuplexStream, ClientReadableStream, Metadata } from "@grpc/grpc-js";
import { REQUEST_ID } from "../contract/metadata.ts";
import { onAbort } from "./abort.ts";
import { bearerToken, renewedToken } from "./bearer.ts";
import type { Grpc, Link } from "./channel.ts";
import { Patience } from "./patience.ts";
import { failureOf, interrupted, isUnauthenticated, notGrpc, silence, type Attempt } from "./status.ts";

/** One method of the contract, as proto-loader describes it. */
export interface Rpc<Request, Answer> {
  readonly path: string;
  readonly requestSerialize: (value: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Answer;
}

/** Any time that is longer than a call waits without a sign of life, in ms. */
const AWAKE_MS = 3_600_000;

export interface About {
  /** What could not be done, as in "cannot …". */
  readonly doing: string;
  readonly signal: AbortSignal;
  /** Unary: until the answer. Streams: until connected, and between messages unless `live`. In ms. */
  readonly limitMs: number;
  /** The stream may be silent for as long as it likes; keepalive watches the peer. */
  readonly live?: boolean;
  readonly requestId?: string;
  /** The connection stands, so from here on the request may have been received. */
  readonly onSent?: () => void;
  /** Initial metadata has come. */
  readonly onHeaders?: () => void;
  /** Trailers have come, whatever the status. */
  readonly onTrailers?: (trailers: Metadata) => void;
}

/** Sends one message and waits for one. */
export async function unary<Request, Answer>(link: Link, rpc: Rpc<Request, Answer>, request: Request, about: About): Promise<Answer> {
  return authorised(link, about, async (token, attempt) => {
    const { grpc, client } = await link.open();
    const started = performance.now();
    return new Promise<Answer>((resolve, reject) => {
      const { metadata, options, held } = outgoing(grpc, link, token, attempt, about);
      const call = client.makeUnaryRequest(
        rpc.path, rpc.requestSerialize, rpc.responseDeserialize, request, metadata,
        { ...options, deadline: Date.now() + about.limitMs },
        (error, answer) => {
          forget();
          trace(link, rpc, attempt, started, error?.code ?? 0);
          if (error !== null) reject(held.why ?? error);
          else if (answer === undefined) reject(new Error("no answer"));
          else resolve(answer);
        },
      );
      const cancel = (): void => call.cancel();
      const forget = onAbort(about.signal, cancel);
      call.on("metadata", (headers) => hear(link, headers, attempt, held, about, cancel));
      call.on("status", ({ metadata: trailers }) => {
        link.saw(trailers);
        about.onTrailers?.(trailers);
      });
    });
  });
}

/** Sends one message and yields what comes back, no faster than it is taken. Leaving the loop cancels the call. */
export async function* stream<Request, Answer>(link: Link, rpc: Rpc<Request, Answer>, request: Request, about: About): AsyncGenerator<Answer> {
  const attempt = attemptOf(link, about);
  const once = async (token: string): Promise<AsyncGenerator<Answer>> => {
    const { grpc, client } = await link.open();
    return watched(link, rpc, token, attempt, about, grpc, (metadata, options) =>
      client.makeServerStreamRequest(rpc.path, rpc.requestSerialize, rpc.responseDeserialize, request, metadata, options)).messages;
  };
  if (about.signal.aborted) throw interrupted(attempt);
  let token: string | undefined;
  let yielded = false;
  try {
    token = await bearerToken(link.shared.token, about.signal);
    for await (const message of await once(token)) {
      yielded = true;
      yield message;
    }
    return;
  } catch (thrown) {
    // What has been handed on cannot be taken back: only a stream that gave nothing starts again.
    token = yielded || token === undefined ? undefined : await afterRejection(link, thrown, token, about);
    if (token === undefined) throw failureOf(thrown, attempt);
  }
  try {
    yield* await once(token);
  } catch (thrown) {
    throw failureOf(thrown, attempt);
  }
}

export interface Duplex<Request, Answer> {
  readonly messages: AsyncGenerator<Answer>;
  readonly call: ClientDuplexStream<Request, Answer>;
  readonly attempt: Attempt;
}

/** Opens a stream both ways with a first message; the caller reads `messages` and maps failures with `attempt`. */
export async function duplex<Request, Answer>(link: Link, rpc: Rpc<Request, Answer>, first: Request, token: string, about: About): Promise<Duplex<Request, Answer>> {
  const attempt = attemptOf(link, about);
  const { grpc, client } = await link.open();
  const going = watched(link, rpc, token, attempt, about, grpc, (metadata, options) =>
    client.makeBidiStreamRequest(rpc.path, rpc.requestSerialize, rpc.responseDeserialize, metadata, options));
  going.call.write(first);
  return { ...going, attempt };
}

export function attemptOf(link: Link, about: About): Attempt {
  return {
    peer: link.peer,
    doing: about.doing,
    requestId: about.requestId ?? link.shared.requestId(),
    limitMs: about.limitMs,
    signal: about.signal,
  };
}

/** Runs a try; after UNAUTHENTICATED once more with a fresh token. Only PactErrors leave. */
async function authorised<T>(link: Link, about: About, run: (token: string, attempt: Attempt) => Promise<T>): Promise<T> {
  const attempt = attemptOf(link, about);
  if (about.signal.aborted) throw interrupted(attempt);
  let token: string | undefined;
  try {
    token = await bearerToken(link.shared.token, about.signal);
    return await run(token, attempt);
  } catch (thrown) {
    const renewed = token === undefined ? undefined : await afterRejection(link, thrown, token, about);
    if (renewed === undefined) throw failureOf(thrown, attempt);
    try {
      return await run(renewed, attempt);
    } catch (again) {
      throw failureOf(again, attempt);
    }
  }
}

/** A fresh token when a call was rejected for the old one. A failed refresh leaves the first failure standing. */
export async function afterRejection(link: Link, thrown: unknown, token: string, about: About): Promise<string | undefined> {
  if (!isUnauthenticated(thrown) || about.signal.aborted) return undefined;
  return renewedToken(link.shared.token, token, about.signal).catch((why: unknown) => {
    link.shared.debug(`the token could not be refreshed: ${why instanceof Error ? why.message : "unknown reason"}`);
    return undefined;
  });
}

interface Outgoing {
  readonly metadata: Metadata;
  readonly options: CallOptions;
  /** Why the token was held back; set before the call fails. */
  readonly held: { why: unknown };
}

function outgoing(grpc: Grpc, link: Link, token: string, attempt: Attempt, about: About): Outgoing {
  const metadata = new grpc.Metadata();
  if (attempt.requestId !== undefined) metadata.set(REQUEST_ID, attempt.requestId);
  const held: { why: unknown } = { why: undefined };
  const credentials = link.callCredentials(grpc, token, () => about.onSent?.(), (why) => {
    held.why = why;
  });
  return { metadata, options: { credentials }, held };
}

/** Hears an answer's headers: what kind of server it is, and whether it is one at all. */
function hear(link: Link, headers: Metadata, attempt: Attempt, held: Outgoing["held"], about: About, cancel: () => void): void {
  const strange = notGrpc(headers, attempt);
  if (strange !== undefined) {
    held.why = strange;
    cancel();
    return;
  }
  link.saw(headers);
  about.onHeaders?.();
}

/** Starts a stream and wraps its reading: connect limit, silence limit, abort, metadata, one line of trace. */
function watched<Request, Answer, Call extends ClientReadableStream<Answer>>(
  link: Link, rpc: Rpc<Request, Answer>, token: string, attempt: Attempt, about: About, grpc: Grpc,
  begin: (metadata: Metadata, options: CallOptions) => Call,
): { messages: AsyncGenerator<Answer>; call: Call } {
  const started = performance.now();
  const cancel = (): void => call.cancel();
  const patience = new Patience(about.limitMs, about.live === true, cancel);
  const onSent = (): void => {
    patience.connected();
    about.onSent?.();
  };
  const { metadata, options, held } = outgoing(grpc, link, token, attempt, { ...about, onSent });
  // No deadline travels with a stream: the limit is on silence, not on length.
  const call = begin(metadata, { ...options, deadline: Number.POSITIVE_INFINITY });
  // A connection may be lost so that nothing of it keeps the process up; keepalive then ends the call, if there still is somebody to hear of it.
  const awake = setInterval(() => {}, AWAKE_MS);
  const forgetAbort = onAbort(about.signal, cancel);
  const forget = (): void => {
    clearInterval(awake);
    forgetAbort();
  };
  // Without a listener a lost peer would end the process; the reader below hears it too.
  call.on("error", () => {});
  call.on("metadata", (headers) => hear(link, headers, attempt, held, about, cancel));
  call.on("status", (status) => {
    patience.end();
    forget();
    link.saw(status.metadata);
    about.onTrailers?.(status.metadata);
    trace(link, rpc, attempt, started, status.code);
  });
  const over = (): void => {
    patience.end();
    forget();
    cancel();
  };
  return { messages: read(call, attempt, about, held, patience, over), call };
}

async function* read<Answer>(
  call: ClientReadableStream<Answer>, attempt: Attempt, about: About, held: Outgoing["held"], patience: Patience, over: () => void,
): AsyncGenerator<Answer> {
  const source: AsyncIterator<Answer> = call[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await source.next();
      patience.got();
      // An abort drops what had arrived but not been taken.
      if (about.signal.aborted) throw interrupted(attempt);
      if (next.done === true) break;
      yield next.value;
      patience.wait();
    }
  } catch (thrown) {
    if (patience.late && !about.signal.aborted) throw silence(attempt, { cause: thrown });
    throw held.why ?? thrown;
  } finally {
    over();
  }
}

/** One line for the debug log; never a token, never a payload. */
function trace(link: Link, rpc: { readonly path: string }, attempt: Attempt, started: number, code: number): void {
  link.shared.debug(`${rpc.path} ${link.endpoint.url} ${attempt.requestId ?? "-"} status ${code} in ${Math.round(performance.now() - started)} ms`);
}
