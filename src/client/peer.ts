// Who answers on a loopback port: a token goes there only if it is this user or root.
// On a shared machine anybody may listen on a port whose owner has gone.
import { lookup } from "node:dns/promises";
import { readFile } from "node:fs/promises";
import { isIPv4 } from "node:net";
import { endianness } from "node:os";
import { PactError } from "../api/index.ts";
import { isLoopbackAddress, type Endpoint } from "./endpoint.ts";

const LISTEN = "0A";
const ESTABLISHED = "01";

/** The kernel's socket tables, as text. */
export interface SocketTables {
  readonly tcp: string;
  readonly tcp6: string;
}

/** The bytes of an address in a socket table, in network order as lower-case hex: words there are in the machine's order. */
function networkOrder(hex: string): string {
  if (endianness() === "BE") return hex.toLowerCase();
  return (hex.match(/.{8}/gu) ?? []).map((word) => (word.match(/../gu) ?? []).reverse().join("")).join("").toLowerCase();
}

const MAPPED = "00000000000000000000ffff";

function addressHex(address: string): string {
  if (isIPv4(address)) return address.split(".").map((part) => Number(part).toString(16).padStart(2, "0")).join("");
  const [head = "", tail] = address.split("::");
  const words = (text: string): string[] => (text === "" ? [] : text.split(":").map((word) => word.padStart(4, "0")));
  const left = words(head);
  const right = tail === undefined ? [] : words(tail);
  return [...left, ...Array<string>(8 - left.length - right.length).fill("0000"), ...right].join("");
}

/**
 * Uids of the sockets that answer at an address and port: listeners, and server ends of
 * connections already made (a listener that closed after accepting still counts).
 */
export function socketOwners(tables: SocketTables, address: string, port: number): number[] {
  const v4 = isIPv4(address);
  const wanted = address === "0.0.0.0" ? addressHex("127.0.0.1") : address === "::" ? addressHex("::1") : addressHex(address);
  const exact = (hex: string): boolean => hex === wanted || (v4 && hex === MAPPED + wanted);
  const owners = new Set<number>();
  for (const line of `${v4 ? tables.tcp : ""}\n${tables.tcp6}`.split("\n")) {
    const fields = line.trim().split(/\s+/u);
    const [hex, hexPort] = fields[1]?.split(":") ?? [];
    const uid = Number(fields[7]);
    if (hex === undefined || hexPort === undefined || parseInt(hexPort, 16) !== port || !Number.isInteger(uid)) continue;
    const local = networkOrder(hex);
    const answers = fields[3] === LISTEN ? exact(local) || /^0+$/u.test(local) : fields[3] === ESTABLISHED && exact(local);
    if (answers) owners.add(uid);
  }
  return [...owners];
}

/** Everything the check asks of the machine. */
export interface Machine {
  readonly platform: string;
  readonly uid: number;
  tables(): Promise<SocketTables>;
  /** Addresses a name stands for. */
  resolve(host: string): Promise<readonly string[]>;
}

export function thisMachine(): Machine {
  return {
    platform: process.platform,
    uid: process.getuid?.() ?? -1,
    async tables() {
      const [tcp, tcp6] = await Promise.all([
        readFile("/proc/net/tcp", "latin1"),
        // Absent where IPv6 is switched off.
        readFile("/proc/net/tcp6", "latin1").catch(() => ""),
      ]);
      return { tcp, tcp6 };
    },
    resolve: async (host) => (await lookup(host, { all: true })).map((found) => found.address),
  };
}

/**
 * The loopback addresses an endpoint leads to; empty when it leads elsewhere.
 * A name counts, because this host's own name often stands for 127.0.1.1.
 */
export async function loopbackAddresses(endpoint: Endpoint, machine: Pick<Machine, "resolve">): Promise<readonly string[]> {
  if (endpoint.host === "localhost") return ["127.0.0.1", "::1"];
  if (/^[0-9.]+$|:/u.test(endpoint.host)) return endpoint.loopback ? [endpoint.host] : [];
  const addresses = await machine.resolve(endpoint.host).catch(() => []);
  return addresses.filter(isLoopbackAddress);
}

/**
 * Throws unauthenticated when somebody else answers at a clear-text loopback endpoint. Call it once
 * connected: sockets of other machines' ports do not show here, and a table without
 * the port then means a redirection that only root can have made. Linux only.
 */
export async function refuseStrangers(endpoint: Endpoint, addresses: readonly string[], machine: Machine): Promise<void> {
  if (machine.platform !== "linux" || endpoint.tls || addresses.length === 0) return;
  const at = `${endpoint.host}:${endpoint.port}`;
  let tables: SocketTables;
  try {
    tables = await machine.tables();
  } catch (cause) {
    throw new PactError("unauthenticated", `cannot tell who listens at ${at}`, {
      reason: "/proc/net/tcp cannot be read, so your token was not sent",
      cause,
    });
  }
  const owners = addresses.flatMap((address) => socketOwners(tables, address, endpoint.port));
  const stranger = owners.find((uid) => uid !== machine.uid && uid !== 0);
  if (stranger === undefined) return;
  throw new PactError("unauthenticated", `someone else listens at ${at}`, {
    reason: `the listener belongs to uid ${stranger}, so your token was not sent`,
    hint: "pact site status",
  });
}
