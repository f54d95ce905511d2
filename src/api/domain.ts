// What pact speaks of: nodes, entries, drift. Readonly records, times as Date,
// counts as numbers; the wire's spelling stops before it gets here.

/** Ids of nodes, vClusters, users: never a path, never an option. */
export const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

export type Scope =
  | { readonly kind: "global" }
  | { readonly kind: "vcluster"; readonly name: string }
  | { readonly kind: "node"; readonly name: string };

/** `global`, `vc:NAME` or `node:ID`, as operators write a scope. */
export function scopeText(scope: Scope): string {
  if (scope.kind === "global") return "global";
  return `${scope.kind === "node" ? "node" : "vc"}:${scope.name}`;
}

export type PrincipalType = "human" | "agent" | "service";

export interface Principal {
  readonly principal: string;
  readonly type: PrincipalType;
  readonly role: string;
}

export const ENTRY_TYPES = [
  "COMMIT", "ROLLBACK", "AUTO_CONVERGE", "DRIFT_DETECTED", "CAPABILITY_CHANGE", "POLICY_UPDATE", "BOOT_CONFIG",
  "EMERGENCY_ON", "EMERGENCY_OFF", "EXEC_LOG", "SHELL_SESSION", "SERVICE_LIFECYCLE", "PENDING_APPROVAL",
] as const;
/** Entry types the contract names; a newer server's number shows as TYPE_N. */
export type EntryType = (typeof ENTRY_TYPES)[number] | `TYPE_${number}`;

export type Dimension = "mounts" | "files" | "network" | "services" | "kernel" | "packages" | "gpu";
export const DIMENSIONS: readonly Dimension[] = ["mounts", "files", "network", "services", "kernel", "packages", "gpu"];

/** One difference: a thing of one dimension, what is declared of it and what is there. */
export interface DeltaItem {
  readonly dimension: Dimension;
  /** A path, an interface, a sysctl key, a service, package or GPU. */
  readonly key: string;
  readonly action: "add" | "remove" | "modify";
  /** As text: a hash for files, `TYPE:SOURCE (OPTIONS)` for mounts. Null where it is not there. */
  readonly declared: string | null;
  readonly actual: string | null;
  readonly mode?: number | undefined;
  readonly owner?: string | undefined;
  readonly readOnly?: boolean | undefined;
}

export interface Entry {
  readonly seq: number;
  readonly time: Date;
  readonly type: EntryType;
  readonly scope: Scope;
  readonly author: Principal;
  readonly message: string;
  readonly parent: number | null;
  readonly ttlS: number | null;
  readonly delta: readonly DeltaItem[] | null;
}

/** What a watch cannot show: it stands where the entries would. */
export interface Gap {
  readonly kind: "gap";
  /** Sequences, both inclusive. */
  readonly first: number;
  readonly last: number;
  /** lost: not delivered. withdrawn: the journal went back, as to an older copy; what was shown of these is no longer so. */
  readonly cause: "lost" | "withdrawn";
  readonly reason: string;
}

export interface NewEntry {
  readonly type: "COMMIT" | "ROLLBACK" | "EMERGENCY_ON" | "EMERGENCY_OFF" | "SERVICE_LIFECYCLE";
  readonly scope: Scope;
  readonly message: string;
  readonly parent?: number | undefined;
  readonly ttlS?: number | undefined;
  readonly delta?: readonly DeltaItem[] | undefined;
}

export interface DriftSummary {
  readonly count: number;
  readonly magnitude: number;
}

export interface NodeRecord {
  readonly nodeId: string;
  /** null when unassigned. */
  readonly vcluster: string | null;
  readonly enrollmentState: string;
  readonly lastSeen: Date | null;
  readonly macAddress: string | null;
  /** The agent's URL as the journal knows it; null on stock servers. */
  readonly agentEndpoint: string | null;
  /** What the journal knows of the node's configuration; null on stock servers. */
  readonly overview: NodeOverview | null;
}

export interface NodeOverview {
  readonly configState: string;
  readonly drift: DriftSummary;
  readonly emergency: { readonly by: string; readonly reason: string; readonly startedAt: Date } | null;
  readonly localDeltas: number;
  readonly expiredDeltas: number;
  /** Last sequence that changed the declared state of the node; null when none did. */
  readonly head: number | null;
  readonly observeOnly: boolean;
}

/**
 * What a node has: the fields of pact.capability.CapabilityReport under their own names, enums in lower case without
 * their prefix, sizes as numbers, times as Date, what is not known as null.
 */
export type CapabilityReport = Readonly<Record<string, unknown>>;

/** A node as its agent sees it, now. Parts that were not asked for are null. */
export interface NodeState {
  readonly nodeId: string;
  readonly vcluster: string | null;
  readonly observeOnly: boolean;
  readonly bare: boolean;
  readonly drift: (DriftSummary & { readonly items: readonly DeltaItem[] }) | null;
  readonly window: { readonly state: "idle" | "open" | "expired"; readonly remainingS: number } | null;
  readonly capability: { readonly cores: number; readonly memoryBytes: number; readonly gpus: number; readonly report: CapabilityReport } | null;
}

export interface Verdict {
  readonly allowed: boolean;
  /** The rule that decided, such as `rbac:denied:commit`. */
  readonly ref: string;
  readonly reason: string | null;
  readonly approvalId: string | null;
}

/** A write that waits for a second person, or waited. */
export interface Approval {
  readonly approvalId: string;
  readonly action: string;
  /** `global`, `vc:NAME` or `node:ID`. */
  readonly scope: string;
  /** Principal that asked for it. */
  readonly requester: string;
  readonly status: "pending" | "approved" | "rejected" | "expired";
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** The policy that holds in a vCluster (J6); windows in seconds. */
export interface VclusterPolicy {
  readonly vcluster: string;
  readonly policyId: string;
  readonly updatedAt: Date | null;
  readonly driftSensitivity: number;
  readonly baseCommitWindowSeconds: number;
  readonly emergencyWindowSeconds: number;
  readonly autoConvergeCategories: readonly string[];
  readonly requireAckCategories: readonly string[];
  readonly enforcementMode: string;
  readonly roleBindings: readonly { readonly role: string; readonly principals: readonly string[]; readonly allowedActions: readonly string[] }[];
  readonly regulated: boolean;
  readonly twoPersonApproval: boolean;
  readonly auditRetentionDays: number;
  readonly federationTemplate: string | null;
  readonly supervisorBackend: string;
  readonly execWhitelist: readonly string[];
  readonly shellWhitelist: readonly string[];
  readonly emergencyAllowed: boolean;
  readonly aiExecAllowed: boolean;
}
