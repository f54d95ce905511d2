// A capability report, wire → domain. It is shown and passed on whole, so it is turned field by field without knowing each.
import type { CapabilityReport } from "../api/index.ts";
import type { CapabilityReport__Output } from "../contract/gen/pact/capability/CapabilityReport.ts";
import { fromTimestamp } from "./convert.ts";
import { fromUint64 } from "./range.ts";

/** Enums of proto/pact/capability.proto, by the beginning of their names. */
const ENUM = /^(?:CONFIG_STATE|GPU_VENDOR|GPU_HEALTH|CPU_ARCHITECTURE|MEMORY_TYPE|NETWORK_FABRIC|INTERFACE_OPER_STATE|STORAGE_NODE_TYPE|DISK_TYPE|FS_TYPE)_([A-Z0-9_]+)$/;
/** 64-bit numbers travel as text. */
const SIZES: ReadonlySet<string> = new Set([
  "memory_bytes", "cache_l3_bytes", "total_bytes", "available_bytes", "size_2mb_total", "size_2mb_free", "size_1gb_total", "size_1gb_free",
  "speed_mbps", "capacity_bytes", "uptime_seconds",
]);
const TIMES: ReadonlySet<string> = new Set(["timestamp", "started_at", "expires_at"]);

/** In the order in which a person looks: what it is, what it has, how it is. */
const ORDER: readonly (keyof CapabilityReport__Output)[] = [
  "node_id", "timestamp", "report_id", "schema_version", "cpu", "memory", "gpus", "network_interfaces", "storage", "software",
  "config_state", "drift_summary", "emergency", "supervisor",
];

export function reportFromWire(wire: CapabilityReport__Output): CapabilityReport {
  const fields = fieldsOf(wire);
  return Object.fromEntries(ORDER.map((key) => [key, fields[key] ?? null]));
}

function fieldsOf(message: object): CapabilityReport {
  const fields = Object.entries(message)
    // The name of the field that is set in a oneof is none of the contract's.
    .filter(([key]) => !key.startsWith("_"))
    .map(([key, value]) => [key, valueOf(key, value)]);
  return Object.fromEntries(fields);
}

function valueOf(key: string, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (TIMES.has(key) && typeof value === "object" && "seconds" in value && "nanos" in value) {
    return fromTimestamp({ seconds: String(value.seconds), nanos: Number(value.nanos) }, `the ${key} of a report`);
  }
  if (Array.isArray(value)) return value.map((one: unknown) => valueOf("", one));
  if (typeof value === "object") return fieldsOf(value);
  if (typeof value !== "string") return value;
  if (SIZES.has(key)) return fromUint64(value, `${key} of a report`);
  const word = ENUM.exec(value)?.[1];
  return word === undefined ? value : word === "UNSPECIFIED" ? null : word.toLowerCase();
}
