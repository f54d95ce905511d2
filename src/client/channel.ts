// One channel to one peer: opened on first use, replaced when it has failed, closed with the client.
// Also what is remembered of the peer (ours or stock) and what guards the token on its way.
import { isIP } from "node:net";
import type { PeerCertificate } from "node:tls";
import type { CallCredentials, ChannelCredentials, ChannelOptions, Client as GrpcClient, Metadata } from "@grpc/grpc-js";
import { PactError } from "../api/index.ts";
import { AUTHORIZATION, TIME } from "../contract/metadata.ts";
import type { TokenSupplier } from "./bearer.ts";
import type { Endpoint } from "./endpoint.ts";
import { loopbackAddresses, refuseStrangers, type Machine } from "./peer.ts";
import { trailer, type Peer } from "./status.ts";
import { readTlsFiles, type TlsFiles } from "./tls-files.ts";

export type Grpc = typeof import("@grpc/grpc-js");

/** What all channels of one client share. */
export interface Shared {
  readonly token: TokenSupplier;
  readonly tls: TlsFiles;
  readonly machine: Machine;
  readonly requestId: () => string;
  readonly debug: (line: string) => void;
  /** The note on a token that leaves in the clear; said once. */
  readonly noteClearText: (line: string) => void;
  readonly serverTime: (time: Date) => void;
  /** Agents behind clear text off loopback are refused. */
  readonly requireTls: boolean;
}

const MIB = 1024 * 1024;

let library: Promise<Grpc> | undefined;
/** Asked for once: each import() of a bundle copies all names anew. */
const loadGrpc = (): Promise<Grpc> => (library ??= import("@grpc/grpc-js"));
/** How long a name server may take to say whether a name is this machine's, in ms. */
const NAME_MS = 1_000;
/** READY and TRANSIENT_FAILURE, as grpc-js numbers connectivity states. */
const READY = 2;
const FAILED = 3;

export class Link {
  readonly peer: Peer;
  readonly endpoint: Endpoint;
  readonly shared: Shared;
  /** Whether the server is of our kind (sends pact-time); undefined before its first answer. */
  ours: boolean | undefined;
  #client: GrpcClient | undefined;
  #credentials: Promise<ChannelCredentials> | undefined;
  #addresses: Promise<readonly string[]> | undefined;
  /** The look at who listens, for the connection that stands. */
  #looked: Promise<void> | undefined;
  #closed = false;

  constructor(peer: Peer, endpoint: Endpoint, shared: Shared) {
    this.peer = peer;
    this.endpoint = endpoint;
    this.shared = shared;
  }

  /** The channel; a failed one is replaced, so that a call right after the peer came back does not wait. */
  async open(): Promise<{ grpc: Grpc; client: GrpcClient }> {
    const grpc = await loadGrpc();
    // The library would write to stderr by itself.
    const { debug } = this.shared;
    grpc.setLogger({ error: debug, info: debug, debug });
    const credentials = await (this.#credentials ??= channelCredentials(grpc, this.endpoint, this.shared.tls));
    if (this.#closed) throw new PactError("internal", `the client of ${this.endpoint.url} is closed`);
    if (this.#client?.getChannel().getConnectivityState(false) === FAILED) {
      this.#client.close();
      this.#client = undefined;
    }
    const local = this.endpoint.loopback || (await this.#standsForLoopback());
    this.#client ??= new grpc.Client(this.endpoint.target, credentials, channelOptions(this.endpoint, local));
    return { grpc, client: this.#client };
  }

  /**
   * Credentials that attach the token once the connection stands and the peer has been
   * looked at; then `connected` hears of it. `refused` hears why the token was held back.
   */
  callCredentials(grpc: Grpc, token: string, connected: () => void, refused: (why: unknown) => void): CallCredentials {
    return grpc.CallCredentials.createFromMetadataGenerator((_options, done) => {
      this.#admit().then(
        () => {
          connected();
          const metadata = new grpc.Metadata();
          metadata.set(AUTHORIZATION, `Bearer ${token}`);
          done(null, metadata);
        },
        (why: unknown) => {
          refused(why);
          done(new Error("the token was held back"));
        },
      );
    });
  }

  /** Takes note of what an answer's metadata tells: the kind of server and its clock. */
  saw(metadata: Metadata): void {
    const time = trailer(metadata, TIME);
    // Failures made up on this side carry no metadata at all and tell nothing.
    if (time === undefined && Object.keys(metadata.getMap()).length === 0) return;
    this.ours = time !== undefined;
    const moment = new Date(time ?? Number.NaN);
    if (!Number.isNaN(moment.getTime())) this.shared.serverTime(moment);
  }

  /** Closes the connection until the next call. Calls that are going on come to their end. */
  rest(): void {
    this.#client?.close();
    this.#client = undefined;
    this.#looked = undefined;
  }

  close(): void {
    this.#closed = true;
    this.#client?.close();
    this.#client = undefined;
  }

  #loopback(): Promise<readonly string[]> {
    return (this.#addresses ??= loopbackAddresses(this.endpoint, this.shared.machine));
  }

  /** Whether the name is this machine's own; a name server that takes its time does not hold up the call. */
  async #standsForLoopback(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), NAME_MS);
    });
    try {
      return await Promise.race([this.#loopback().then((addresses) => addresses.length > 0), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whether the token may go to this peer; throws when not. */
  async #admit(): Promise<void> {
    const { endpoint, shared, peer } = this;
    if (endpoint.tls) return;
    const addresses = await this.#loopback();
    if (addresses.length > 0) return this.#known(addresses);
    if (peer.kind === "agent" && shared.requireTls) {
      throw new PactError("policy", `the agent at ${endpoint.url} speaks without TLS`, {
        reason: `require_tls is set in [agents], so your token was not sent; address from ${peer.address.where}`,
        node: peer.node,
      });
    }
    shared.noteClearText(`your token goes to ${endpoint.url} without TLS; anybody on the way can read it`);
  }

  /** Looks at who listens once a connection: while it stands, it stays with the same process. */
  async #known(addresses: readonly string[]): Promise<void> {
    const looking = (this.#looked ??= this.#look(addresses));
    try {
      await looking;
    } catch (why) {
      if (this.#looked === looking) this.#looked = undefined;
      throw why;
    }
  }

  async #look(addresses: readonly string[]): Promise<void> {
    const channel = this.#client?.getChannel();
    for (let changed = true; changed; ) {
      changed = false;
      channel?.watchConnectivityState(READY, Number.POSITIVE_INFINITY, () => {
        changed = true;
        this.#looked = undefined;
      });
      await refuseStrangers(this.endpoint, addresses, this.shared.machine);
    }
  }
}

function channelOptions(endpoint: Endpoint, local: boolean): ChannelOptions {
  return {
    // An address is no server name (RFC 6066), and Node warns; the certificate is held against the address all the same.
    ...(endpoint.tls && isIP(endpoint.host) !== 0 ? { "grpc.ssl_target_name_override": "pact.invalid" } : {}),
    // A peer that goes silent is noticed within 15 s, while calls run.
    "grpc.keepalive_time_ms": 10_000,
    "grpc.keepalive_timeout_ms": 5_000,
    "grpc.initial_reconnect_backoff_ms": 250,
    "grpc.max_reconnect_backoff_ms": 5_000,
    // Stock agents send up to 10 MiB in one message, and diag chunks are unbounded.
    "grpc.max_receive_message_length": 64 * MIB,
    "grpc-node.flow_control_window": MIB,
    // Else channels share connections that are still backing off.
    "grpc.use_local_subchannel_pool": 1,
    "grpc.service_config_disable_resolution": 1,
    // With http_proxy set, even loopback would go through the proxy.
    "grpc.enable_http_proxy": local ? 0 : 1,
    "grpc.primary_user_agent": "pact",
  };
}

async function channelCredentials(grpc: Grpc, endpoint: Endpoint, files: TlsFiles): Promise<ChannelCredentials> {
  if (!endpoint.tls) return grpc.credentials.createInsecure();
  const { ca, cert, key } = await readTlsFiles(files);
  const { checkServerIdentity } = await import("node:tls");
  const verify = isIP(endpoint.host) === 0 ? {} : { checkServerIdentity: (_name: string, peer: PeerCertificate) => checkServerIdentity(endpoint.host, peer) };
  try {
    return grpc.credentials.createSsl(ca ?? null, key ?? null, cert ?? null, verify);
  } catch (cause) {
    throw new PactError("local", "the TLS files of [tls] in cli.toml cannot be used", {
      reason: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
}
