// A proxy that ends TLS in front of a clear-text server, as sites put one before their journals.
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { createServer } from "node:tls";
import { type Pair, readPair } from "./certificates.ts";

export interface TlsProxy {
  readonly port: number;
  /** Connections that got through the handshake. */
  readonly accepted: () => number;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1 and forwards to `target` (http://HOST:PORT); with `clientCa` it asks for a certificate by that CA. */
export async function startTlsProxy(target: string, pair: Pair, clientCa?: string): Promise<TlsProxy> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => open.delete(socket));
  };
  let accepted = 0;
  const server = createServer({
    ...readPair(pair),
    ALPNProtocols: ["h2", "http/1.1"],
    ...(clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: true, ca: readFileSync(clientCa) }),
  });
  server.on("connection", keep);
  server.on("tlsClientError", () => {});
  server.on("secureConnection", (socket) => {
    accepted += 1;
    const behind = connect(Number(port), hostname);
    keep(socket);
    keep(behind);
    behind.on("close", () => socket.destroy());
    socket.on("close", () => behind.destroy());
    socket.pipe(behind).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    accepted: () => accepted,
    close: () => new Promise((resolve) => {
      for (const socket of open) socket.destroy();
      server.close(() => resolve());
    }),
  };
}
