// A TCP proxy that does to a connection what networks and half-dead servers do.
import { type Socket, connect, createServer } from "node:net";

export type Fault =
  | { readonly kind: "pass" }
  /** Every piece of an answer comes this much later. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Accepts and never forwards. */
  | { readonly kind: "black hole" }
  /** Nothing listens. */
  | { readonly kind: "refuse" }
  /** Cuts the connection once so many bytes of an answer have passed. */
  | { readonly kind: "reset"; readonly bytes: number }
  /** Ends its side once so many bytes of an answer have passed, and goes on taking. */
  | { readonly kind: "half-close"; readonly bytes: number }
  /** Answers with bytes that mean nothing: at once, or in place of the rest once so many bytes of an answer have passed. */
  | { readonly kind: "garbage"; readonly bytes?: number }
  /** Passes nothing more once so many bytes of an answer have passed, and keeps the connection. */
  | { readonly kind: "stall"; readonly bytes: number };

const GARBAGE = Buffer.alloc(512, "\u0007\u00ff garbage \u001b[31m\n", "latin1");

export interface FaultProxy {
  /** http://HOST:PORT */
  readonly url: string;
  /** Settles with the first connection. */
  readonly connected: Promise<void>;
  /** Resets what is open; the next connection is taken again. */
  cut(): void;
  close(): Promise<void>;
}

/** Listens on a free port of an address of its own, where no other journal answers. */
export async function startFaultProxy(target: string, fault: Fault): Promise<FaultProxy> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => open.delete(socket));
  };
  let first = (): void => {};
  const connected = new Promise<void>((resolve) => {
    first = resolve;
  });
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    first();
    keep(socket);
    if (fault.kind === "black hole") return void socket.resume();
    if (fault.kind === "garbage" && fault.bytes === undefined) return void socket.resume().write(GARBAGE);
    const behind = connect(Number(port), hostname);
    keep(behind);
    socket.pipe(behind);
    socket.on("close", () => behind.destroy());
    behind.on("close", () => fault.kind !== "half-close" && socket.destroy());
    forward(behind, socket, fault);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.83.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const close = (): Promise<void> => new Promise((resolve) => {
    for (const socket of open) socket.destroy();
    server.close(() => resolve());
  });
  const cut = (): void => {
    for (const socket of open) socket.resetAndDestroy();
  };
  if (fault.kind === "refuse") {
    await close();
    return { url: `http://127.83.0.1:${address.port}`, connected, cut, close: async () => {} };
  }
  return { url: `http://127.83.0.1:${address.port}`, connected, cut, close };
}

/** Bytes of an answer that pass before the fault shows. */
const passing = (fault: Fault): number => ("bytes" in fault && fault.bytes !== undefined ? fault.bytes : Number.POSITIVE_INFINITY);

function forward(behind: Socket, socket: Socket, fault: Fault): void {
  let passed = 0;
  behind.on("data", (bytes) => {
    const left = Math.max(0, passing(fault) - passed);
    passed += bytes.length;
    if (fault.kind === "delay") return void setTimeout(() => socket.writable && socket.write(bytes), fault.ms);
    if (left > 0 && socket.writable) socket.write(bytes.subarray(0, left));
    if (left >= bytes.length) return;
    if (fault.kind === "reset") socket.resetAndDestroy();
    else if (fault.kind === "half-close") socket.end();
    else if (fault.kind === "garbage" && socket.writable) socket.write(GARBAGE);
  });
}
