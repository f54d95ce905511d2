// The journal's HTTP side: health, metrics, and where to log in. Open to everyone (PAuth3), so it is small and says little.
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Journal } from "./journal.ts";
import { metricsText } from "./metrics.ts";

export interface Discovery {
  readonly idp_url: string;
  readonly client_id: string;
  readonly scopes: readonly string[];
}
/** Takes a request over and answers true, or leaves it alone and answers false. */
export type Mount = (request: IncomingMessage, response: ServerResponse) => boolean;
export interface HttpOptions {
  readonly journal: Journal;
  readonly discovery: () => Discovery;
  /** Asked first, for what else lives on the same port: the identity provider. */
  readonly mount?: Mount | undefined;
}

const MAX_HEADER_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 512;
const REQUEST_MS = 10_000;
const JSON_TYPE = "application/json; charset=utf-8";
const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** A server that does not listen yet. */
export function httpServer({ journal, discovery, mount }: HttpOptions): Server {
  const pages: Readonly<Record<string, () => { type: string; body: string }>> = {
    "/health": () => json({ status: "healthy", role: "leader", entries: journal.store.entries }),
    "/metrics": () => ({
      type: METRICS_TYPE,
      body: metricsText({ entries: journal.store.entries, records: journal.store.next("journal"), counters: journal.counters }),
    }),
    "/auth/discovery": () => json(discovery()),
  };
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: REQUEST_MS, requestTimeout: REQUEST_MS, keepAliveTimeout: 5_000 }, (request, response) => {
    try {
      if (mount?.(request, response) !== true) serve(pages, request, response);
    } catch {
      // Such as discovery while the provider is still starting.
      if (response.headersSent) response.destroy();
      else send(response, 503, { type: JSON_TYPE, body: '{"error":"not ready"}\n' });
    }
  });
  server.maxConnections = MAX_CONNECTIONS;
  // A client that sends garbage gets an answer and loses its connection.
  server.on("clientError", (_error, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
    else socket.destroy();
  });
  return server;
}

const json = (value: object): { type: string; body: string } => ({ type: JSON_TYPE, body: `${JSON.stringify(value)}\n` });

function serve(pages: Readonly<Record<string, () => { type: string; body: string }>>, request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  // A body is never read; without this a sender could keep the connection busy.
  request.resume();
  if (page === undefined) return send(response, 404, { type: JSON_TYPE, body: '{"error":"not found"}\n' });
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    return send(response, 405, { type: JSON_TYPE, body: '{"error":"method not allowed"}\n' });
  }
  send(response, 200, page());
}

function send(response: ServerResponse, code: number, { type, body }: { type: string; body: string }): void {
  response.writeHead(code, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(body);
}
