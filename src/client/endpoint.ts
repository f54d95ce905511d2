// Turns an endpoint as people write it into where to connect and whether with TLS.
// Contradictions are refused here, once, so that no later code meets them.
import { isIPv4, isIPv6 } from "node:net";
import { PactError } from "../api/index.ts";
import { serverText } from "./visible.ts";

export type PeerKind = "journal" | "agent";

const DEFAULT_PORTS: Readonly<Record<PeerKind, number>> = { journal: 9443, agent: 9445 };

export interface Endpoint {
  /** Scheme, host and port, always all three: what messages and caches use. */
  readonly url: string;
  /** What grpc-js resolves. */
  readonly target: string;
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** The host is a loopback address, `localhost`, or the unspecified address, which connects to loopback. */
  readonly loopback: boolean;
}

/** Whether an IP address never leaves this machine. */
export function isLoopbackAddress(address: string): boolean {
  if (isIPv4(address)) return address.startsWith("127.") || address === "0.0.0.0";
  return address === "::1" || address === "::" || address.startsWith("::ffff:7f") || address.startsWith("::ffff:127.");
}

/**
 * Reads `http://host:port`, `https://…`, or `host:port` (clear text). The port may be left out.
 * Throws usage for anything else; `where` says where the text came from.
 */
export function parseEndpoint(text: string, kind: PeerKind, where: string): Endpoint {
  const refuse = (reason: string): never => {
    // What stands before an @ may be a password.
    const safe = serverText(text.replace(/\/\/[^/?#]*@/u, "//…@").replace(/^[^/?#]*@/u, "…@"), 120);
    throw new PactError("usage", `the ${kind} endpoint ${JSON.stringify(safe)} cannot be used`, {
      reason: `${reason} (from ${where})`,
      hint: `write it as http://HOST:${DEFAULT_PORTS[kind]} or https://HOST:${DEFAULT_PORTS[kind]}`,
    });
  };
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//iu.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== "http" && scheme !== "https") refuse(`pact does not speak ${scheme}://`);
  const rest = scheme === undefined ? text : text.slice(scheme.length + 3);
  const authority = /^[^/?#]*/u.exec(rest)?.[0] ?? "";
  if (authority.includes("@")) refuse("credentials do not belong into it");
  if (!/^\/?$/u.test(rest.slice(authority.length))) refuse("it must have no path, query or fragment");
  const { host, port } = splitAuthority(authority, refuse);
  const tls = scheme === "https";
  const at = port ?? DEFAULT_PORTS[kind];
  const shown = host.includes(":") ? `[${host}]` : host;
  const family = isIPv4(host) ? "ipv4" : isIPv6(host) ? "ipv6" : "dns";
  return {
    url: `${tls ? "https" : "http"}://${shown}:${at}`,
    target: `${family}:${shown}:${at}`,
    host,
    port: at,
    tls,
    loopback: host === "localhost" || (family !== "dns" && isLoopbackAddress(host)),
  };
}

function splitAuthority(authority: string, refuse: (reason: string) => never): { host: string; port: number | undefined } {
  const parts = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d{0,9}))?$/u.exec(authority);
  const name = parts?.[1];
  if (name === undefined) {
    return refuse(authority.includes("[") || !/:.*:/u.test(authority) ? "the host or port is malformed" : "an IPv6 address needs brackets");
  }
  if (name === "") return refuse("it names no host");
  const digits = parts?.[2];
  const port = digits === undefined ? undefined : Number(digits);
  if (digits === "" || (port !== undefined && (port < 1 || port > 65_535))) return refuse("the port must be from 1 to 65535");
  return { host: normalHost(name, refuse), port };
}

/** Lower case, and spellings such as 127.1 as the address they mean. */
function normalHost(name: string, refuse: (reason: string) => never): string {
  if (!/^(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)$/iu.test(name)) return refuse("the host is malformed");
  try {
    const host = new URL(`http://${name}`).hostname;
    return host.startsWith("[") ? host.slice(1, -1) : host;
  } catch {
    return refuse("the host is malformed");
  }
}
