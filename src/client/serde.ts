// Entries as journals write them in JSON, in updates of a subscription: the spelling is that
// of the stock journal's own serialisation.
import { PactError, type Entry, type EntryType, type Scope } from "../api/index.ts";
import { fromTimeText, principalType } from "./convert.ts";
import { deltaFromJson } from "./delta.ts";
import { fromUint64, nonsense } from "./range.ts";

const TYPES: Readonly<Record<string, EntryType>> = {
  Commit: "COMMIT", Rollback: "ROLLBACK", AutoConverge: "AUTO_CONVERGE", DriftDetected: "DRIFT_DETECTED", CapabilityChange: "CAPABILITY_CHANGE",
  PolicyUpdate: "POLICY_UPDATE", BootConfig: "BOOT_CONFIG", EmergencyStart: "EMERGENCY_ON", EmergencyEnd: "EMERGENCY_OFF", ExecLog: "EXEC_LOG",
  ShellSession: "SHELL_SESSION", ServiceLifecycle: "SERVICE_LIFECYCLE", PendingApproval: "PENDING_APPROVAL",
  // Enrollment and certificate events: names the proto does not have.
  NodeEnrolled: "TYPE_14", NodeActivated: "TYPE_15", NodeDeactivated: "TYPE_16", NodeDecommissioned: "TYPE_17", NodeAssigned: "TYPE_18",
  NodeUnassigned: "TYPE_19", CertSigned: "TYPE_20", CertRevoked: "TYPE_21",
};

type Fields = Readonly<Record<string, unknown>>;

const fields = (value: unknown, what: string): Fields => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw nonsense(`${what} is no object`);
  return Object.fromEntries(Object.entries(value));
};

const textOf = (value: unknown, what: string): string => {
  if (typeof value !== "string") throw nonsense(`${what} is no text`);
  return value;
};

const orNull = <T>(value: unknown, read: (value: unknown) => T): T | null => (value === null || value === undefined ? null : read(value));

function scopeOf(value: unknown): Scope {
  if (value === "Global") return { kind: "global" };
  const scope = fields(value, "a scope");
  if (typeof scope["VCluster"] === "string") return { kind: "vcluster", name: scope["VCluster"] };
  if (typeof scope["Node"] === "string") return { kind: "node", name: scope["Node"] };
  throw nonsense("a scope is none that we know");
}

/** One entry from the bytes of an update. */
export function entryFromJson(bytes: Uint8Array): Entry {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new PactError("remote", "the server's answer makes no sense", { reason: "an update is not JSON", cause });
  }
  const entry = fields(parsed, "an entry");
  const author = fields(entry["author"], "the author of an entry");
  const time = fromTimeText(textOf(entry["timestamp"], "the time of an entry"), "the time of an entry");
  if (time === null) throw nonsense("the time of an entry is missing");
  const reason = orNull(entry["emergency_reason"], (value) => textOf(value, "an emergency's reason"));
  return {
    seq: fromUint64(entry["sequence"], "a sequence"),
    time,
    type: TYPES[textOf(entry["entry_type"], "the type of an entry")] ?? "TYPE_0",
    scope: scopeOf(entry["scope"]),
    author: {
      principal: textOf(author["principal"], "an author's name"),
      type: principalType(textOf(author["principal_type"], "an author's type")),
      role: textOf(author["role"], "an author's role"),
    },
    message: orNull(entry["policy_ref"], (value) => textOf(value, "a message")) || (reason ?? ""),
    parent: orNull(entry["parent"], (value) => fromUint64(value, "a parent")),
    ttlS: orNull(entry["ttl_seconds"], (value) => fromUint64(value, "a time to live")),
    delta: orNull(entry["state_delta"], (value) => deltaFromJson(fields(value, "a delta"))),
  };
}
