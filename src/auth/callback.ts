// The loopback address a browser is sent back to after a login: one path, one
// answer that counts, and no more than that.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { PactError } from "../api/index.ts";
import { codeOf } from "./cache.ts";

export interface Callback {
  readonly redirectUri: string;
  /** The address the browser came back to; `answer` is shown to the person there. */
  readonly received: Promise<{ readonly url: URL; answer(text: string): void }>;
  close(): Promise<void>;
}

const HOST = "127.0.0.1";

/** Listens on loopback. Only a request that carries `state` counts: other pages cannot end or disturb a login. */
export async function listenForCallback(port: number | undefined, state: string): Promise<Callback> {
  let receive: (came: { url: URL; answer(text: string): void }) => void = () => undefined;
  const received = new Promise<{ url: URL; answer(text: string): void }>((resolve) => {
    receive = resolve;
  });
  let redirectUri = "";
  let done = false;
  const server = createServer((req, res) => {
    const url = addressOf(req, redirectUri);
    if (url === undefined) return respond(res, 404, "There is nothing at this address.");
    if (url.searchParams.get("state") !== state) return respond(res, 400, "This is not the login that pact waits for.");
    if (done) return respond(res, 410, "This login is over.");
    done = true;
    receive({ url, answer: (text) => respond(res, 200, text) });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) =>
      reject(new PactError("local", `cannot wait for the browser on ${HOST}:${port ?? 0}`, { reason: codeOf(error), hint: "set another callback_port below [auth] in cli.toml" })));
    server.listen(port ?? 0, HOST, resolve);
  });
  const address = server.address();
  redirectUri = `http://${HOST}:${typeof address === "object" && address !== null ? address.port : port}/callback`;
  return {
    redirectUri,
    received,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // What was answered is still sent; idle and half-sent requests are not waited for.
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), 200).unref();
      }),
  };
}

/** The full address of a GET of the callback under its own host name; undefined for anything else. */
function addressOf(req: IncomingMessage, redirectUri: string): URL | undefined {
  const expected = new URL(redirectUri);
  if (req.method !== "GET" || req.headers.host !== expected.host || !req.url?.startsWith("/callback")) return undefined;
  const url = new URL(req.url, redirectUri);
  return url.origin === expected.origin && url.pathname === expected.pathname ? url : undefined;
}

/** `text` is one of our own sentences. */
function respond(res: ServerResponse, status: number, text: string): void {
  res.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    connection: "close",
  });
  res.end(`<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>pact login</title></head><body><main><h1>pact login</h1><p>${text}</p></main></body></html>\n`);
}
