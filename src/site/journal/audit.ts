// Audit records: one for every call, allowed or denied, in a chained log of their own.
import type { Caller } from "../parts.ts";
import type { Journal } from "./journal.ts";

export type Outcome = "ok" | "denied" | "failed";

export interface AuditRecord {
  /** RFC 3339. */
  readonly time: string;
  readonly request_id: string;
  /** Empty where no token was accepted. */
  readonly principal: string;
  readonly principal_type: Caller["principalType"] | "";
  readonly role: string;
  /** Service and method, or the command that ran. */
  readonly rpc: string;
  readonly target: string;
  readonly outcome: Outcome;
  /** Empty when there is nothing to say. */
  readonly reason: string;
}

const MAX_TEXT = 1024;
const cut = (text: string): string => (text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text);

/** Puts a record into the audit log; it counts once the store is durable. */
export function audit(journal: Journal, record: AuditRecord): void {
  const { time, request_id, principal, principal_type, role, rpc, target, outcome, reason } = record;
  journal.store.append("audit", journal.now(), "call", {
    time, request_id: cut(request_id), principal: cut(principal), principal_type, role: cut(role), rpc: cut(rpc),
    target: cut(target), outcome, reason: cut(reason),
  });
}
