// The journal's URL as the key of everything that is kept per server (Auth6), and
// which addresses may be spoken to without encryption.
import { createHash } from "node:crypto";
import { PactError } from "../api/index.ts";
import { visible } from "./visible.ts";

const JOURNAL_PORT = "9443";

/** Scheme and host in lower case, the port always written, nothing else. Throws usage when it is no such URL. */
export function normalServer(text: string): string {
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  let url: URL;
  try {
    url = new URL(whole);
  } catch {
    throw notAServer(text);
  }
  if ((url.protocol !== "http:" && url.protocol !== "https:") || url.username !== "" || url.password !== "" || url.hostname === "") throw notAServer(text);
  return `${url.protocol}//${url.hostname.toLowerCase()}:${portOf(whole, url)}`;
}

/** URL drops a port that is the scheme's own; as typed it still says which one is meant. */
function portOf(text: string, url: URL): string {
  if (url.port !== "") return url.port;
  const typed = /^[^/]*\/\/[^/?#]*:0*(\d+)(?:[/?#]|$)/.exec(text)?.[1];
  return typed ?? JOURNAL_PORT;
}

const notAServer = (text: string): PactError =>
  new PactError("usage", `${JSON.stringify(visible(text.replace(/\/\/[^/?#]*@/u, "//…@")))} is not a journal's URL`, { hint: `write it as https://HOST:${JOURNAL_PORT}` });

/** First 16 hex digits of SHA-256 of the normalised URL: the name of the server's cache file. */
export const serverHash = (server: string): string => createHash("sha256").update(server).digest("hex").slice(0, 16);

export const isLoopback = (url: URL): boolean =>
  url.hostname === "localhost" || url.hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(url.hostname);

/**
 * Whether pact may send secrets to this address: always by https; by http only to
 * this machine, or when the journal itself is reached without TLS.
 */
export function maySend(url: URL, server: string): boolean {
  if (url.protocol === "https:") return true;
  return url.protocol === "http:" && (isLoopback(url) || server.startsWith("http:"));
}
