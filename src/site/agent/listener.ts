// The listening socket of one node, with a switch: a node can be stopped, cut off, or
// made to accept and say nothing, and comes back on the same port.
import { createServer, type Server as NetServer, type Socket } from "node:net";
import { Server, ServerCredentials, type ConnectionInjector } from "@grpc/grpc-js";

export type Action = "stop" | "freeze" | "cut" | "resume";

export interface Listener {
  readonly address: string;
  readonly port: number;
  control(action: Action): Promise<void>;
  /** Waits while the node is frozen. */
  thawed(): Promise<void>;
  close(): Promise<void>;
}

const LIMITS = {
  "grpc.max_receive_message_length": 4 * 1024 * 1024,
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 5_000,
  "grpc-node.flow_control_window": 8 * 1024 * 1024,
} as const;

export function newServer(): Server {
  return new Server(LIMITS);
}

/** Listens for a server whose services are added already. Port 0: any free one. */
export async function listen(server: Server, address: string, port: number): Promise<Listener> {
  const injector: ConnectionInjector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<Socket>();
  const held = new Set<Socket>();
  let frozen = false;
  let thaw: (() => void)[] = [];
  const net = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      sockets.delete(socket);
      held.delete(socket);
    });
    // A frozen node takes the connection and leaves it at that, until it thaws.
    if (frozen) held.add(socket);
    else injector.injectConnection(socket);
  });
  const bound = await bind(net, address, port);
  const release = (): void => {
    frozen = false;
    const all = thaw;
    thaw = [];
    for (const one of all) one();
  };
  const cut = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => (net.listening ? net.close(() => resolve()) : resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    address,
    port: bound,
    async control(action) {
      if (action === "freeze") frozen = true;
      else if (action === "resume") {
        release();
        for (const socket of held) injector.injectConnection(socket);
        held.clear();
        if (!net.listening) await bind(net, address, bound);
      } else await cut();
    },
    thawed: () => (frozen ? new Promise((resolve) => thaw.push(resolve)) : Promise.resolve()),
    async close() {
      release();
      await cut();
      injector.destroy();
      server.forceShutdown();
    },
  };
}

function bind(net: NetServer, address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    net.once("error", reject);
    net.listen({ host: address, port, exclusive: true }, () => {
      net.off("error", reject);
      const bound = net.address();
      resolve(typeof bound === "object" && bound !== null ? bound.port : port);
    });
  });
}
