// HTTP to identity providers and to the journal's discovery: every request has a
// deadline, can be interrupted, follows no redirect, and reads a bounded answer.
import { httpsFetch, type TlsMaterial } from "./https.ts";

export interface Limits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** The certificates of [tls], where cli.toml names any. */
  readonly tls?: Tls | undefined;
  /** Hears of each answer, whatever its status. */
  readonly answered?: (url: string, headers: Headers) => void;
}

/** Reads the certificates; throws local when the files cannot be used. */
export type Tls = () => Promise<TlsMaterial>;

const MOST_BYTES = 1024 * 1024;
const NO_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/** fetch within limits; the whole answer has arrived when it answers. */
export async function boundedFetch(url: string, init: RequestInit, limits: Limits): Promise<Response> {
  const response = await fetchWhole(url, init, limits);
  limits.answered?.(url, response.headers);
  return response;
}

async function fetchWhole(url: string, init: RequestInit, { timeoutMs, signal, tls }: Limits): Promise<Response> {
  // A timer of our own: AbortSignal.any() does not keep AbortSignal.timeout() alive, and the deadline could be collected as garbage.
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new DOMException("no answer in time", "TimeoutError")), timeoutMs);
  const either = AbortSignal.any([signal, late.signal, ...(init.signal ? [init.signal] : [])]);
  try {
    if (tls !== undefined && url.startsWith("https:")) return await httpsFetch(url, init, await tls(), either, MOST_BYTES);
    const response = await fetch(url, { ...init, redirect: "manual", signal: either });
    const body = await readBounded(response);
    const { status, statusText, headers } = response;
    return new Response(NO_BODY.has(status) ? null : body, { status, statusText, headers });
  } finally {
    clearTimeout(timer);
  }
}

async function readBounded(response: Response): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > MOST_BYTES) throw new Error("the answer is too large");
    parts.push(part);
  }
  return new Blob(parts);
}

/** GETs JSON; throws when it is anything but a 200 with JSON in it. */
export async function fetchJson(url: string, limits: Limits): Promise<unknown> {
  const response = await boundedFetch(url, { headers: { accept: "application/json" } }, limits);
  if (response.status !== 200) throw new Error(`it answers ${response.status}`);
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("it answers something that is not JSON");
  }
}
