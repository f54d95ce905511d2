// Wire ↔ domain, both ways: the wire's spelling stops here. What a server sent and cannot
// be right becomes a remote failure, what we would send and cannot be right an invalid one.
import { ENTRY_TYPES, PactError, type Entry, type EntryType, type NewEntry, type Principal, type PrincipalType, type Scope, type Verdict } from "../api/index.ts";
import type { Timestamp__Output } from "../contract/gen/google/protobuf/Timestamp.ts";
import type { ConfigEntry, ConfigEntry__Output } from "../contract/gen/pact/config/ConfigEntry.ts";
import type { EntryType as WireEntryType } from "../contract/gen/pact/config/EntryType.ts";
import type { Identity, Identity__Output } from "../contract/gen/pact/config/Identity.ts";
import type { Scope as WireScope, Scope__Output } from "../contract/gen/pact/config/Scope.ts";
import type { PolicyEvalResponse__Output } from "../contract/gen/pact/policy/PolicyEvalResponse.ts";
import { deltaFromWire, deltaToWire } from "./delta.ts";
import { fromUint64, nonsense, toUint64, unfit } from "./range.ts";

/** The years 1 to 9999, which the wire and RFC 3339 know, in seconds. */
const FIRST_S = -62_135_596_800;
const LAST_S = 253_402_300_799;

/** Milliseconds are what a Date holds; the wire's nanoseconds below that are dropped. */
export function fromTimestamp(time: Timestamp__Output | null | undefined, what: string): Date {
  if (time === null || time === undefined) throw nonsense(`${what} is missing`);
  const seconds = /^-?\d{1,15}$/u.test(time.seconds) ? Number(time.seconds) : Number.NaN;
  const date = new Date(seconds * 1000 + Math.floor(time.nanos / 1_000_000));
  if (!(seconds >= FIRST_S && seconds <= LAST_S) || time.nanos < 0 || time.nanos > 999_999_999) throw nonsense(`${what} is out of range`);
  return date;
}

/** RFC 3339, or empty for unknown. */
export function fromTimeText(text: string, what: string): Date | null {
  if (text === "") return null;
  const date = new Date(text);
  if (!/^\d{4}-\d\d-\d\dT/u.test(text) || Number.isNaN(date.getTime())) throw nonsense(`${what} is not a time`);
  return date;
}

export function fromScope(scope: Scope__Output | null): Scope {
  // Absent, empty and `global = false` all mean global.
  if (scope?.scope === "node_id") return { kind: "node", name: scope.node_id ?? "" };
  if (scope?.scope === "vcluster_id") return { kind: "vcluster", name: scope.vcluster_id ?? "" };
  return { kind: "global" };
}

export function toScope(scope: Scope): WireScope {
  if (scope.kind === "global") return { global: true };
  if (scope.name === "") throw unfit(`a ${scope.kind} scope must name one`);
  return scope.kind === "node" ? { node_id: scope.name } : { vcluster_id: scope.name };
}

/** Servers read everything but agent and service as a person; so do we. */
export function principalType(text: string): PrincipalType {
  const word = text.toLowerCase();
  return word === "agent" || word === "service" ? word : "human";
}

export const fromIdentity = (identity: Identity__Output | null): Principal => ({
  principal: identity?.principal ?? "",
  type: principalType(identity?.principal_type ?? ""),
  role: identity?.role ?? "",
});

/** Journals know `Human`, the policy service only lower case. J3: neither name nor role may be empty. */
export function toIdentity(author: Principal, spelling: "journal" | "policy"): Identity {
  const needs = author.principal === "" ? "name" : author.role === "" ? "role" : undefined;
  if (needs !== undefined) {
    throw new PactError("forbidden", `your token carries no ${needs}`, {
      reason: "every entry must say who wrote it, in which role",
      hint: "pact whoami",
    });
  }
  const type = spelling === "policy" ? author.type : `${author.type.charAt(0).toUpperCase()}${author.type.slice(1)}`;
  return { principal: author.principal, principal_type: type, role: author.role };
}

const PREFIX = "ENTRY_TYPE_";
/** Where our label is not the wire's name. */
const LABELS: Readonly<Record<string, EntryType>> = { EMERGENCY_START: "EMERGENCY_ON", EMERGENCY_END: "EMERGENCY_OFF" };

/** A wire name, or the number of a type this contract does not name. */
export function fromEntryType(type: string | number): EntryType {
  if (typeof type === "number") return Number.isInteger(type) ? `TYPE_${type}` : "TYPE_0";
  const name = type.startsWith(PREFIX) ? type.slice(PREFIX.length) : type;
  return LABELS[name] ?? ENTRY_TYPES.find((label) => label === name) ?? "TYPE_0";
}

const NEW_TYPES: Readonly<Record<NewEntry["type"], WireEntryType>> = {
  COMMIT: "ENTRY_TYPE_COMMIT",
  ROLLBACK: "ENTRY_TYPE_ROLLBACK",
  EMERGENCY_ON: "ENTRY_TYPE_EMERGENCY_START",
  EMERGENCY_OFF: "ENTRY_TYPE_EMERGENCY_END",
  SERVICE_LIFECYCLE: "ENTRY_TYPE_SERVICE_LIFECYCLE",
};

export function fromEntry(entry: ConfigEntry__Output): Entry {
  return {
    seq: fromUint64(entry.sequence, "a sequence"),
    time: fromTimestamp(entry.timestamp, "the time of an entry"),
    type: fromEntryType(entry.entry_type),
    scope: fromScope(entry.scope),
    author: fromIdentity(entry.author),
    // The message travels in policy_ref; only an emergency has a field for its reason.
    message: entry.policy_ref === "" ? (entry.emergency_reason ?? "") : entry.policy_ref,
    parent: entry.parent === undefined ? null : fromUint64(entry.parent, "a parent"),
    ttlS: entry.ttl === undefined || entry.ttl === null ? null : fromUint64(entry.ttl.seconds, "a time to live"),
    delta: entry.state_delta === null ? null : deltaFromWire(entry.state_delta),
  };
}

export function toEntry(entry: NewEntry, author: Principal): ConfigEntry {
  const type = NEW_TYPES[entry.type];
  if (type === undefined) throw unfit(`entries of type ${String(entry.type)} are not ours to write`);
  return {
    entry_type: type,
    scope: toScope(entry.scope),
    author: toIdentity(author, "journal"),
    policy_ref: entry.type === "EMERGENCY_ON" ? "" : entry.message,
    ...(entry.type === "EMERGENCY_ON" ? { emergency_reason: entry.message } : {}),
    // Fields with presence are left out, not sent as zero: a parent of 0 points at entry 0.
    ...(entry.parent === undefined ? {} : { parent: toUint64(entry.parent, "the parent") }),
    ...(entry.ttlS === undefined ? {} : { ttl: { seconds: toUint64(entry.ttlS, "the time to live"), nanos: 0 } }),
    ...(entry.delta === undefined ? {} : { state_delta: deltaToWire(entry.delta) }),
  };
}

export const fromVerdict = (answer: PolicyEvalResponse__Output): Verdict => ({
  allowed: answer.authorized,
  ref: answer.policy_ref,
  reason: answer.denial_reason ?? null,
  approvalId: answer.approval?.pending_approval_id ?? null,
});
