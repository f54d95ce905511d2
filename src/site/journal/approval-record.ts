// Approvals as the log holds them: opened with the whole request, decided once.
import type { Caller } from "../parts.ts";
import type { Link } from "./chain.ts";
import type { Draft } from "./entry.ts";
import type { Policy } from "./policy.ts";
import type { ScopeKey } from "./scope.ts";

/** Approvals remembered; the oldest go first. */
const KEPT_APPROVALS = 10_000;

/** A request that waits for a second person, as it will be carried out. */
export type StoredRequest =
  | { readonly rpc: "AppendEntry"; readonly draft: Draft; readonly expected_head: number | null }
  | { readonly rpc: "UpdatePolicy"; readonly policy: Policy; readonly message: string };

/** The body of a record of kind "approval". */
export type ApprovalFact =
  | {
      readonly op: "open";
      readonly id: string;
      readonly action: string;
      readonly scope: ScopeKey;
      readonly requester: Caller;
      /** Null: nothing is carried out here, the requester acts once approved. */
      readonly request: StoredRequest | null;
      readonly request_key: string | null;
      /** Milliseconds since the epoch. */
      readonly expires: number;
    }
  | {
      readonly op: "decide";
      readonly id: string;
      readonly decision: "Approved" | "Rejected";
      readonly by: string;
      readonly reason: string;
      /** Sequence of the entry that carrying it out made. */
      readonly sequence: number | null;
      /** Why carrying it out failed. */
      readonly failed: string | null;
    };

type Opened = Omit<Extract<ApprovalFact, { op: "open" }>, "op">;
type Decided = Omit<Extract<ApprovalFact, { op: "decide" }>, "op" | "id">;
export interface Approval extends Opened {
  readonly created: number;
  readonly decided: Decided | null;
}

/** Folds one fact into the approvals. */
export function foldApproval(approvals: Map<string, Approval>, link: Link, fact: ApprovalFact): void {
  if (fact.op === "open") {
    const { op, ...opened } = fact;
    approvals.set(fact.id, { ...opened, created: link.time, decided: null });
    if (approvals.size <= KEPT_APPROVALS) return;
    for (const oldest of approvals.keys()) {
      approvals.delete(oldest);
      return;
    }
    return;
  }
  const approval = approvals.get(fact.id);
  const { op, id, ...decided } = fact;
  if (approval !== undefined) approvals.set(fact.id, { ...approval, decided });
}

/** Pending, Approved, Rejected or Expired, as clients see it. */
export function approvalStatus(approval: Approval, now: number): "Pending" | "Approved" | "Rejected" | "Expired" {
  if (approval.decided !== null) return approval.decided.decision;
  return now > approval.expires ? "Expired" : "Pending";
}
