// Whether anything takes a connection at an endpoint, and with which certificate. Nothing is
// sent, so that it can be tried without a token and before the certificate is trusted.
import { type Socket, isIP, connect as connectTcp } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Setting } from "../api/index.ts";
import { onAbort } from "./abort.ts";
import { type Endpoint, isLoopbackAddress, parseEndpoint } from "./endpoint.ts";
import { brokenConnection } from "./phrases.ts";
import { interrupted, unreachable, type Attempt } from "./status.ts";
import { readTlsFiles, type TlsFiles } from "./tls-files.ts";

export interface Connection {
  readonly url: string;
  readonly loopback: boolean;
  readonly proxy: string | null;
  readonly certificate: {
    readonly subject: string;
    readonly issuer: string;
    readonly validTo: Date;
    /** The system's code of why it is not trusted; null when it is. */
    readonly distrust: string | null;
  } | null;
}

/** Connections beyond this machine go by them (docs of gRPC); the first that is set counts. */
const PROXIES = ["grpc_proxy", "https_proxy", "http_proxy"] as const;
const UNAVAILABLE = 14;

/** Connects to the journal and hangs up. Throws usage, unreachable, or what is wrong with the files of [tls]; `limitMs` is for messages. */
export async function reachJournal(setting: Setting<string>, files: TlsFiles, env: NodeJS.ProcessEnv, limitMs: number, signal: AbortSignal): Promise<Connection> {
  const endpoint = parseEndpoint(setting.value, "journal", setting.where);
  const proxy = endpoint.loopback ? undefined : PROXIES.find((name) => (env[name] ?? "") !== "");
  if (proxy !== undefined) return { url: endpoint.url, loopback: false, proxy, certificate: null };
  const attempt: Attempt = { peer: { kind: "journal", address: { ...setting, value: endpoint.url } }, doing: `connect to ${endpoint.url}`, limitMs, signal };
  const socket = await begin(endpoint, files);
  try {
    await connected(socket, endpoint, attempt, signal);
    const loopback = isLoopbackAddress(socket.remoteAddress ?? "");
    return { url: endpoint.url, loopback, proxy: null, certificate: isTls(socket) ? certificateOf(socket) : null };
  } finally {
    socket.destroy();
  }
}

const isTls = (socket: Socket): socket is TLSSocket => "authorizationError" in socket;

async function begin({ host, port, tls }: Endpoint, files: TlsFiles): Promise<Socket> {
  if (!tls) return connectTcp({ host, port });
  const { connect } = await import("node:tls");
  const material = await readTlsFiles(files);
  // What is wrong with the certificate is to be told, and nothing is sent: so it need not be trusted.
  return connect({ host, port, ...material, ...(isIP(host) === 0 ? { servername: host } : {}), ALPNProtocols: ["h2"], rejectUnauthorized: false });
}

function connected(socket: Socket, { tls }: Endpoint, attempt: Attempt, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, () => reject(interrupted(attempt)));
    socket.once(tls ? "secureConnect" : "connect", () => {
      forget();
      resolve();
    });
    socket.on("error", (cause) => {
      forget();
      const code = "code" in cause ? String(cause.code) : "";
      const { why, hint } = brokenConnection(UNAVAILABLE, `${code} ${cause.message}`) ?? { why: code === "" ? cause.message : code, hint: undefined };
      reject(unreachable(attempt, { why, hint, cause }));
    });
    socket.once("close", () => {
      forget();
      reject(unreachable(attempt, { why: "it closes the connection at once" }));
    });
  });
}

function certificateOf(socket: TLSSocket): Connection["certificate"] {
  const found = socket.getPeerX509Certificate();
  if (found === undefined) return null;
  // Typed as an Error, but it is the code.
  const distrust = socket.authorized ? null : String(socket.authorizationError);
  return { subject: commonName(found.subject), issuer: commonName(found.issuer), validTo: new Date(found.validTo), distrust };
}

/** The name by which people know it. */
const commonName = (distinguished: string | undefined): string => /^CN=(.*)$/mu.exec(distinguished ?? "")?.[1] ?? (distinguished ?? "").replaceAll("\n", ", ");
