// What a site writes into its folder and answers on its control socket: the
// contract between a running embedded site and the programs of its owner.
// The folder is 0700, so whoever can reach either is the owner.

/** Name of the description file in the site's folder; written by rename, no secrets. */
export const SITE_FILE = "site.json";
/** Name of the unix socket in the site's folder. */
export const CONTROL_SOCKET = "control.sock";

export interface SiteNode {
  readonly node_id: string;
  readonly kind: "host" | "virtual";
  /** URL of the node's agent. */
  readonly endpoint: string;
  /** The node's root folder; "/" for the host. */
  readonly root: string;
}

export interface SiteFile {
  readonly version: 1;
  readonly pid: number;
  readonly uid: number;
  readonly started_at: string;
  readonly profile: "embedded" | "real";
  readonly journal: { readonly grpc: string; readonly http: string };
  /** The identity provider's issuer URL; null under the real profile. */
  readonly issuer: string | null;
  readonly nodes: readonly SiteNode[];
  readonly sims: Readonly<Record<string, string>>;
  /** Names in the folder that are the site's: what a reset removes. */
  readonly made?: readonly string[];
}

/**
 * One request a connection: a line of JSON, answered by a line of JSON
 * ({ok: true, …} or {ok: false, error}), then the server closes.
 */
export type ControlRequest =
  | { readonly do: "ping" }
  /** Mints an access token; without a user, for the site's default user. */
  | { readonly do: "token"; readonly user?: string; readonly ttl_s?: number }
  | { readonly do: "users" }
  /** Answers a user's password; with `set` it becomes that, and an empty one means: make one up. */
  | { readonly do: "password"; readonly user: string; readonly set?: string }
  /** Answers the secret of a client, for logins of programs. */
  | { readonly do: "client_secret"; readonly id: string }
  | { readonly do: "down" }
  | { readonly do: "clock"; readonly advance_s?: number; readonly rate?: number }
  | { readonly do: "node"; readonly name: string; readonly action: "stop" | "freeze" | "cut" | "resume" };

export type ControlAnswer =
  | { readonly ok: false; readonly error: string }
  | ({ readonly ok: true } & Readonly<Record<string, unknown>>);
