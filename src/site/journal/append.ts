// Appending an entry, from the request to the log: who, what, is it still so, does it take a second person.
import { status } from "@grpc/grpc-js";
import type { Caller } from "../parts.ts";
import { askFirst, earlierAnswer } from "./approvals.ts";
import { ENTRY, movesHead } from "./entry.ts";
import type { Draft } from "./entry.ts";
import type { Journal } from "./journal.ts";
import { conflict, forbidden, precondition, invalid } from "./refusal.ts";
import { judgeAppend, reportsAsAgent } from "./roles.ts";
import type { ScopeKey } from "./scope.ts";
import { checkDraft, checkKnown, checkScopeId, checkSelf } from "./validate.ts";

const MAX_REQUEST_ID = 128;

export interface AppendRequest {
  readonly draft: Draft;
  /** The head of the scope as the writer saw it; null: not checked. */
  readonly expectedHead: number | null;
  /** Empty: a repeat cannot be told. */
  readonly requestId: string;
}

/** Stores an entry as a stock journal does: checked for form, and nothing else. */
export function appendAsStock(journal: Journal, draft: Draft): number {
  checkDraft(draft, journal.state.next);
  return journal.appendEntry(draft);
}

/** Appends on the embedded site and answers the sequence. Throws a Refusal, also when a second person must agree first. */
export function append(journal: Journal, caller: Caller, request: AppendRequest): number {
  const { draft, expectedHead, requestId } = request;
  if (Buffer.byteLength(requestId) > MAX_REQUEST_ID) throw invalid(`the request id is longer than ${MAX_REQUEST_ID} bytes`);
  checkDraft(draft, journal.state.next);
  checkScopeId(draft);
  if (!reportsAsAgent(caller)) checkSelf(draft.author, caller, "the author");
  mayAppend(journal, caller, draft);
  const key = requestId === "" ? undefined : JSON.stringify([caller.principal, requestId]);
  const earlier = key === undefined ? undefined : earlierAnswer(journal, key);
  if (earlier !== undefined) return earlier;
  checkKnown(draft, { node: (id) => journal.state.nodes.has(id), vcluster: (name) => journal.knowsVcluster(name) });
  checkStillSo(journal, draft, expectedHead);
  if (takesTwo(draft)) {
    const stored = { rpc: "AppendEntry", draft, expected_head: expectedHead } as const;
    askFirst(journal, caller, { action: actionText(draft), scope: draft.scope, request: stored, key: key ?? null });
  }
  return journal.appendEntry(draft, key);
}

/** Carries out an append that a second person agreed to. The rules are asked again: roles and heads may have changed. */
export function appendApproved(journal: Journal, caller: Caller, draft: Draft, expectedHead: number | null, key: string | null): number {
  mayAppend(journal, caller, draft);
  checkStillSo(journal, draft, expectedHead);
  return journal.appendEntry(draft, key ?? undefined);
}

function mayAppend(journal: Journal, caller: Caller, draft: Draft): void {
  const vcluster = journal.state.vclusterOf(draft.scope);
  const verdict = judgeAppend(caller, draft.type, vcluster, journal.policyOf(vcluster));
  if (verdict.outcome === "deny") throw forbidden(verdict.reason, neededRole(vcluster));
}

function neededRole(vcluster: string | undefined): string {
  return vcluster === undefined ? "needs pact-platform-admin" : `needs pact-ops-${vcluster} or pact-platform-admin`;
}

/** What depends on the journal as it is now: the head of the scope, emergencies (A2). */
function checkStillSo(journal: Journal, draft: Draft, expectedHead: number | null): void {
  if (expectedHead !== null && movesHead(draft.type)) checkHead(journal, draft.scope, expectedHead);
  if (draft.type === ENTRY.EMERGENCY_START) checkStart(journal, draft);
  if (draft.type === ENTRY.EMERGENCY_END && journal.state.emergencies.get(draft.scope) === undefined) {
    throw precondition(`no emergency is open in ${draft.scope}`);
  }
}

function checkHead(journal: Journal, scope: ScopeKey, expected: number): void {
  const head = journal.state.heads.get(scope);
  if (head?.sequence === expected) return;
  const now = head === undefined ? "nothing was declared there yet" : `${head.by} changed it with entry ${head.sequence}`;
  throw conflict(status.ABORTED, `${scope} is not at entry ${expected} any more: ${now}`, "look at the change, then try again");
}

function checkStart(journal: Journal, draft: Draft): void {
  if ((draft.emergency_reason ?? "").trim() === "") throw invalid("an emergency needs a reason");
  const open = journal.state.emergencies.get(draft.scope);
  if (open !== undefined) throw precondition(`an emergency is open in ${draft.scope} since entry ${open.sequence}, started by ${open.by}`);
  const vcluster = journal.state.vclusterOf(draft.scope);
  if (vcluster !== undefined && !journal.policyOf(vcluster).emergency_allowed) {
    throw precondition(`the policy of ${vcluster} allows no emergency`, "policy");
  }
}

/** Actions on nodes that outside systems carry out, as the client records them before it delegates. */
const DELEGATED = /^delegate:[^:]*:(?:drain|cordon|reboot|reimage):/;

function takesTwo(draft: Draft): boolean {
  if (draft.type === ENTRY.COMMIT || draft.type === ENTRY.ROLLBACK) return true;
  return draft.type === ENTRY.SERVICE_LIFECYCLE && DELEGATED.test(draft.policy_ref);
}

function actionText(draft: Draft): string {
  if (draft.type === ENTRY.ROLLBACK) return `rollback to ${draft.parent ?? "?"}`;
  const what = draft.type === ENTRY.COMMIT ? "commit" : "delegate";
  return draft.policy_ref === "" ? what : `${what}: ${draft.policy_ref}`;
}
