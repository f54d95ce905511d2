// Entries of the journal: as they are stored, as they travel, and as JSON inside an update.
import type { ConfigEntry, ConfigEntry__Output } from "../../contract/gen/pact/config/ConfigEntry.ts";
import type { Timestamp } from "../../contract/gen/google/protobuf/Timestamp.ts";
import type { Caller } from "../parts.ts";
import { itemsOf, lossyDelta, plainDelta } from "./delta.ts";
import type { Delta } from "./delta.ts";
import type { Link } from "./chain.ts";
import { nodeOf, scopeKey, vclusterOf, wireScope } from "./scope.ts";
import type { ScopeKey } from "./scope.ts";

export const ENTRY = {
  COMMIT: 1,
  ROLLBACK: 2,
  AUTO_CONVERGE: 3,
  DRIFT_DETECTED: 4,
  CAPABILITY_CHANGE: 5,
  POLICY_UPDATE: 6,
  BOOT_CONFIG: 7,
  EMERGENCY_START: 8,
  EMERGENCY_END: 9,
  EXEC_LOG: 10,
  SHELL_SESSION: 11,
  SERVICE_LIFECYCLE: 12,
  PENDING_APPROVAL: 13,
} as const;

/** The wire's names, at their numbers. */
const WIRE_NAMES: readonly string[] = ["UNSPECIFIED", ...Object.keys(ENTRY)].map((name) => `ENTRY_TYPE_${name}`);
/** The names in JSON, at the wire's numbers. */
const JSON_NAMES = [
  "Unspecified", "Commit", "Rollback", "AutoConverge", "DriftDetected", "CapabilityChange", "PolicyUpdate", "BootConfig",
  "EmergencyStart", "EmergencyEnd", "ExecLog", "ShellSession", "ServiceLifecycle", "PendingApproval",
] as const;

/** Types whose latest entry is the head of its scope: those that change what is declared. */
const MOVES_HEAD: ReadonlySet<number> = new Set([ENTRY.COMMIT, ENTRY.ROLLBACK, ENTRY.AUTO_CONVERGE, ENTRY.BOOT_CONFIG, ENTRY.POLICY_UPDATE]);
export const movesHead = (type: number): boolean => MOVES_HEAD.has(type);
const typeName = (type: number): string => JSON_NAMES[type] ?? String(type);

/** An entry as a writer asks for it. */
export interface Draft {
  /** Number of the type; 0 when it is not one. */
  readonly type: number;
  readonly scope: ScopeKey;
  readonly author: Caller;
  readonly parent: number | null;
  readonly delta: Delta | null;
  /** Free text; empty for none. */
  readonly policy_ref: string;
  readonly ttl_s: number | null;
  readonly emergency_reason: string | null;
}
/** The body of a record of kind "entry". */
export interface EntryBody extends Draft {
  readonly sequence: number;
  /** Whose request this answers, so that a repeat can be told: principal and request id. */
  readonly request?: string;
}
export interface Entry extends EntryBody {
  /** Milliseconds since the epoch. */
  readonly time: number;
}

/** The entry that a record of kind "entry" holds. */
export function entryOf(link: Link): Entry {
  // The record's hash was checked or it was just made here, and only EntryBody is written under this kind.
  return { ...(link.body as EntryBody), time: link.time };
}

const SPELLINGS: Readonly<Record<string, Caller["principalType"]>> = { agent: "Agent", Agent: "Agent", service: "Service", Service: "Service" };

/** Anything that is neither agent nor service is a human. */
export function principalType(spelled: string): Caller["principalType"] {
  return SPELLINGS[spelled] ?? "Human";
}

/** The draft a request holds; undefined without an author. Sequence and timestamp of the sender are ignored. */
export function draftOf(entry: ConfigEntry__Output): Draft | undefined {
  const { author } = entry;
  if (author === null) return undefined;
  return {
    type: Math.max(0, WIRE_NAMES.indexOf(entry.entry_type)),
    scope: scopeKey(entry.scope),
    author: { principal: author.principal, principalType: principalType(author.principal_type), role: author.role },
    parent: entry.parent === undefined ? null : Number(entry.parent),
    delta: entry.state_delta === null ? null : plainDelta(entry.state_delta),
    policy_ref: entry.policy_ref,
    // Only whole seconds count, cut to 32 bits without a sign.
    ttl_s: entry.ttl === undefined || entry.ttl === null ? null : Number(BigInt.asUintN(32, BigInt(entry.ttl.seconds))),
    emergency_reason: entry.emergency_reason ?? null,
  };
}

export function wireTime(ms: number): Timestamp {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: (ms - seconds * 1000) * 1_000_000 };
}

/** RFC 3339 in UTC; empty for null. */
export const timeText = (ms: number | null): string => (ms === null ? "" : new Date(ms).toISOString());

/** An entry as it travels. Stock servers lose parts of mounts and files. */
export function wireEntry(entry: Entry, profile: "embedded" | "real"): ConfigEntry {
  const { author, delta } = entry;
  return {
    sequence: entry.sequence,
    timestamp: wireTime(entry.time),
    // A number of the enum, which the loader takes as well as its name.
    entry_type: entry.type as NonNullable<ConfigEntry["entry_type"]>,
    scope: wireScope(entry.scope),
    author: { principal: author.principal, principal_type: author.principalType, role: author.role },
    ...(entry.parent === null ? {} : { parent: entry.parent }),
    state_delta: delta === null ? null : profile === "real" ? lossyDelta(delta) : delta,
    policy_ref: entry.policy_ref,
    ...(entry.ttl_s === null ? {} : { ttl: { seconds: entry.ttl_s, nanos: 0 } }),
    ...(entry.emergency_reason === null ? {} : { emergency_reason: entry.emergency_reason }),
  };
}

/** An entry as JSON, the way a stock journal writes it into updates and node deltas: all keys always present. */
export function entryJson(entry: Entry): object {
  const node = nodeOf(entry.scope);
  const vcluster = vclusterOf(entry.scope);
  return {
    sequence: entry.sequence,
    timestamp: timeText(entry.time),
    entry_type: typeName(entry.type),
    scope: node !== undefined ? { Node: node } : vcluster !== undefined ? { VCluster: vcluster } : "Global",
    author: { principal: entry.author.principal, principal_type: entry.author.principalType, role: entry.author.role },
    parent: entry.parent,
    state_delta: entry.delta === null ? null : itemsOf(entry.delta),
    policy_ref: entry.policy_ref === "" ? null : entry.policy_ref,
    ttl_seconds: entry.ttl_s,
    emergency_reason: entry.emergency_reason,
  };
}
