// Two-person approval (P4, P5, PAuth5): a write in a vCluster that asks for it is kept in the log
// until another person agrees, and then carried out once, as the requester.
import { randomBytes, randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import type { Caller } from "../parts.ts";
import { approvalStatus } from "./approval-record.ts";
import type { Approval, StoredRequest } from "./approval-record.ts";
import { ENTRY } from "./entry.ts";
import type { Journal } from "./journal.ts";
import { Refusal, conflict, exhausted, precondition } from "./refusal.ts";
import type { ScopeKey } from "./scope.ts";

const APPROVAL_S = 30 * 60;
/** A stock journal keeps approvals open for a day, and past it. */
const STOCK_APPROVAL_S = 24 * 60 * 60;
const MAX_PENDING_EACH = 100;

interface Ask {
  readonly action: string;
  readonly scope: ScopeKey;
  readonly request: StoredRequest;
  readonly key: string | null;
}

/** The first answer to a repeated request: its sequence, or undefined when there is none. Throws while, and as, its approval says no. */
export function earlierAnswer(journal: Journal, key: string): number | undefined {
  const earlier = journal.state.requests.get(key);
  if (earlier === undefined) return undefined;
  if ("sequence" in earlier) return earlier.sequence;
  const approval = journal.state.approvals.get(earlier.approval);
  if (approval === undefined) return undefined;
  const { decided } = approval;
  switch (approvalStatus(approval, journal.now())) {
    case "Pending":
      throw approvalRequired(approval);
    case "Expired":
      throw precondition(`approval ${approval.id} expired`, "policy");
    case "Rejected":
      throw precondition(`approval ${approval.id} was denied by ${decided?.by ?? "?"}${because(decided?.reason)}`, "policy");
    case "Approved":
      if (typeof decided?.sequence === "number") return decided.sequence;
      throw conflict(status.FAILED_PRECONDITION, `approval ${approval.id} was given, but: ${decided?.failed ?? "it was not carried out"}`);
  }
}

const because = (reason: string | undefined): string => (reason === undefined || reason === "" ? "" : `: ${reason}`);

function approvalRequired(approval: Approval): Refusal {
  return new Refusal(status.FAILED_PRECONDITION, "approval-required", `approval ${approval.id} is needed: ${approval.scope} asks for two persons`, {
    hint: `another person runs: pact approve accept ${approval.id}`,
    trailers: { "pact-approval-id": approval.id, "pact-approval-executes": "1" },
  });
}

/** Returns where one person may act alone; else keeps the request and throws "approval-required". An emergency waits for nobody. */
export function askFirst(journal: Journal, caller: Caller, ask: Ask): void {
  const { state } = journal;
  const vcluster = state.vclusterOf(ask.scope);
  if (vcluster === undefined || caller.principalType !== "Human") return;
  if (!journal.policyOf(vcluster).two_person_approval || state.emergencyIn(ask.scope) !== undefined) return;
  const approval = openApproval(journal, caller, ask);
  journal.appendEntry({
    type: ENTRY.PENDING_APPROVAL, scope: ask.scope, author: caller, parent: null, delta: null,
    policy_ref: `approval:${approval.id}:${ask.action}`, ttl_s: APPROVAL_S, emergency_reason: null,
  });
  throw approvalRequired(approval);
}

function openApproval(journal: Journal, caller: Caller, ask: Ask): Approval {
  checkRoom(journal, caller);
  let id = "";
  do id = `ap-${randomBytes(4).toString("hex")}`;
  while (journal.state.approvals.has(id));
  const { action, scope, request, key } = ask;
  journal.appendApproval({ op: "open", id, action, scope, requester: caller, request, request_key: key, expires: journal.now() + APPROVAL_S * 1000 });
  return known(journal, id);
}

function known(journal: Journal, id: string): Approval {
  const approval = journal.state.approvals.get(id);
  if (approval === undefined) throw new Error(`approval ${id} was just opened and is not there`);
  return approval;
}

function checkRoom(journal: Journal, caller: Caller): void {
  const now = journal.now();
  let pending = 0;
  for (const approval of journal.state.approvals.values()) {
    if (approval.requester.principal === caller.principal && approvalStatus(approval, now) === "Pending") pending += 1;
  }
  if (pending >= MAX_PENDING_EACH) throw exhausted(`${pending} requests of yours wait for approval already`, "see: pact approve list");
}

/** What Evaluate of a stock journal does: opens an approval that carries nothing out. */
export function openStockApproval(journal: Journal, requester: Caller, action: string, scope: ScopeKey): string {
  checkRoom(journal, requester);
  const id = randomUUID();
  journal.appendApproval({ op: "open", id, action, scope, requester, request: null, request_key: null, expires: journal.now() + STOCK_APPROVAL_S * 1000 });
  return id;
}

/** The status clients see; a stock journal never lets one expire. */
export function shownStatus(journal: Journal, approval: Approval): ReturnType<typeof approvalStatus> {
  return approvalStatus(approval, journal.embedded ? journal.now() : 0);
}

export interface Decision {
  readonly id: string;
  readonly approver: string;
  readonly approved: boolean;
  readonly reason: string;
}

/** Decides an approval. Answers why it could not be, or undefined. `carryOut` runs the request and answers the sequence of its entry. */
export function decide(journal: Journal, decision: Decision, carryOut: (approval: Approval) => number): string | undefined {
  const { id, approver, approved, reason } = decision;
  const approval = journal.state.approvals.get(id);
  if (approval === undefined) return `approval ${JSON.stringify(id.slice(0, 64))} not found`;
  const shown = shownStatus(journal, approval);
  if (shown !== "Pending") return `approval ${id} is already ${shown}`;
  if (approver === approval.requester.principal) return `SELF_APPROVAL: ${approver} asked for ${id} and cannot decide it`;
  let sequence: number | null = null;
  let failed: string | null = null;
  if (approved && approval.request !== null) {
    try {
      sequence = carryOut(approval);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      failed = error.message;
    }
  }
  journal.appendApproval({ op: "decide", id, decision: approved ? "Approved" : "Rejected", by: approver, reason, sequence, failed });
  return failed === null ? undefined : `approval ${id} was given, but: ${failed}`;
}
