// Where shell sessions ask before they run anything: one loopback socket for all of
// them, a connection for each question, and a key for each side of a session.
import { randomBytes } from "node:crypto";
import { createServer, type Socket } from "node:net";

/** Longest question, bytes; and how long it may take to arrive, ms. */
const MOST_BYTES = 512 * 1024;
const ARRIVE_MS = 10_000;

/** `run`, maybe with the words to run; or why not. */
export type GateAnswer = { readonly run: readonly string[] } | { readonly deny: string };
export type GateHandler = (words: readonly string[]) => Promise<GateAnswer>;

export interface Gate {
  readonly port: number;
  /** A new key; its questions go to the handler until it is given up. */
  open(handler: GateHandler): { readonly key: string; close(): void };
  close(): Promise<void>;
}

export async function openGate(): Promise<Gate> {
  const handlers = new Map<string, GateHandler>();
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    socket.setTimeout(ARRIVE_MS, () => socket.destroy());
    void question(socket).then(async ([key = "", ...words]) => {
      socket.setTimeout(0);
      const handler = handlers.get(key);
      if (handler === undefined) return socket.destroy();
      socket.end(encode(await handler(words)));
    }).catch(() => socket.destroy());
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  return {
    port,
    open(handler) {
      const key = randomBytes(24).toString("base64url");
      handlers.set(key, handler);
      return { key, close: () => void handlers.delete(key) };
    },
    async close() {
      handlers.clear();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** How many words, then the words, each ended by NUL. */
function question(socket: Socket): Promise<string[]> {
  return new Promise((resolve, reject) => {
    let got = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      got = Buffer.concat([got, chunk]);
      if (got.length > MOST_BYTES) return reject(new Error("the question is too long"));
      const fields = got.toString("utf8").split("\0");
      const count = Number(fields[0]);
      if (fields.length > 1 && fields.length - 2 >= count) resolve(fields.slice(1, count + 1));
    });
    socket.on("close", () => reject(new Error("the question never came")));
  });
}

function encode(answer: GateAnswer): string {
  if ("deny" in answer) return `deny ${answer.deny.replace(/[\x00-\x1f\x7f]/g, " ")}\n`;
  return `run\n${answer.run.map((word) => `${word}\0`).join("")}`;
}
