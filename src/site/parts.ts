// The parts a site is made of, as they see each other. Each part is started by
// one function, answers what it opened, and closes without leaving anything.

/** Time, so that windows and expiries can be moved in tests. Milliseconds since the epoch. */
export interface Clock {
  now(): number;
  /** Calls back when the clock reaches a moment; the answer cancels. */
  at(moment: number, run: () => void): () => void;
}

export interface SiteUser {
  readonly name: string;
  readonly role: string;
  readonly principalType: "human" | "agent" | "service";
}
export interface SiteClient {
  readonly id: string;
  readonly role: string;
}
export interface SiteVcluster {
  readonly name: string;
  readonly regulated: boolean;
  readonly twoPersonApproval: boolean;
}
export interface SiteNodeConfig {
  readonly name: string;
  readonly vcluster: string;
  readonly kind: "host" | "virtual";
}

export interface AgentLimits {
  readonly whitelistMode: "strict" | "learning" | "bypass";
  /** Globs below the node's root whose files are watched for drift. */
  readonly watchFiles: readonly string[];
  readonly watchSysctl: readonly string[];
  /** Bytes, for stdout and stderr each. */
  readonly execOutputLimit: number;
  readonly execTimeoutS: number;
  readonly maxSessions: number;
}

/** DIR/site.toml, read and checked. */
export interface SiteConfig {
  readonly defaultUser: string;
  readonly users: readonly SiteUser[];
  readonly clients: readonly SiteClient[];
  readonly vclusters: readonly SiteVcluster[];
  readonly nodes: readonly SiteNodeConfig[];
  readonly agent: AgentLimits;
}

/** The claims of a verified token. */
export interface Caller {
  readonly principal: string;
  /** As the journal spells it. */
  readonly principalType: "Human" | "Agent" | "Service";
  readonly role: string;
  /** When the token ends, in ms since the epoch: what lasts longer than a call ends with it. */
  readonly expiresAt?: number;
}

/**
 * Checks a bearer token: signature by the site's keys (RS256; HS256 under the real
 * profile), issuer, audience, expiry, type. Throws an Error whose message is one of
 * the phrases of docs/wire.md: "token expired", "invalid audience", "invalid issuer",
 * "invalid token".
 */
export type VerifyToken = (token: string) => Promise<Caller>;

/** Mints an access token for a user, a client or a part of the site itself. */
export type MintToken = (subject: {
  readonly sub: string;
  readonly role: string;
  readonly principalType: "human" | "agent" | "service";
}, ttlS: number) => Promise<string>;
