// What an entry must be to be stored: the checks of a stock journal in its order (J3, J4, ND1, ND2), and limits
// so that no request can fill the memory. The embedded site checks more: ids, and that a rollback has a target.
import { DIMENSIONS, countOf } from "./delta.ts";
import { ENTRY } from "./entry.ts";
import type { Draft } from "./entry.ts";
import { forbidden, invalid, notFound, precondition, quoted } from "./refusal.ts";
import { isId, nodeOf, vclusterOf } from "./scope.ts";
import type { Caller } from "../parts.ts";

const MIN_TTL_S = 900;
const MAX_TTL_S = 864_000;
/** Bytes of a message, and of one string in a delta. */
const MAX_TEXT = 4096;
/** Bytes of what an agent records of a command: arguments and the start of its output. */
const MAX_RECORD = 64 * 1024;
const MAX_NAME = 256;
const MAX_ITEMS = 10_000;

const RECORDS: ReadonlySet<number> = new Set([ENTRY.EXEC_LOG, ENTRY.SHELL_SESSION, ENTRY.SERVICE_LIFECYCLE, ENTRY.CAPABILITY_CHANGE]);

function short(what: string, text: string | null | undefined, most: number): void {
  if (text !== null && text !== undefined && Buffer.byteLength(text) > most) throw invalid(`${what} is longer than ${most} bytes`);
}

function checkSizes(draft: Draft): void {
  short("the message", draft.policy_ref, RECORDS.has(draft.type) ? MAX_RECORD : MAX_TEXT);
  short("the reason", draft.emergency_reason, MAX_TEXT);
  short("the principal", draft.author.principal, MAX_NAME);
  short("the role", draft.author.role, MAX_NAME);
  short("the scope", draft.scope, MAX_NAME);
  if (countOf(draft.delta) > MAX_ITEMS) throw invalid(`the delta has more than ${MAX_ITEMS} items`);
  for (const dimension of DIMENSIONS) {
    for (const item of draft.delta?.[dimension] ?? []) checkStrings(dimension, item);
  }
}

function checkStrings(dimension: string, value: unknown): void {
  if (typeof value === "string") short(`a value in ${dimension}`, value, MAX_TEXT);
  else if (typeof value === "object" && value !== null) for (const inner of Object.values(value)) checkStrings(dimension, inner);
}

/** Checks a draft that would become entry `next`. Throws a Refusal. */
export function checkDraft(draft: Draft, next: number): void {
  if (draft.type === 0) throw invalid("the entry type is not one of 1 to 13");
  if (draft.author.principal === "") throw precondition("the author's principal is empty", "invalid");
  if (draft.author.role === "") throw precondition("the author's role is empty", "invalid");
  if (draft.parent !== null && !(draft.parent < next)) {
    throw precondition(`parent must precede entry: ${draft.parent} is not below ${next}`, "invalid");
  }
  const { ttl_s } = draft;
  if (ttl_s !== null && ttl_s !== 0 && ttl_s < MIN_TTL_S) throw precondition(`TTL must be >= ${MIN_TTL_S} seconds`, "invalid");
  if (ttl_s !== null && ttl_s > MAX_TTL_S) throw precondition(`TTL must be <= ${MAX_TTL_S} seconds`, "invalid");
  checkSizes(draft);
}

/** Throws unless the text can be the name of a node or a vCluster. */
export function checkId(what: string, text: string): void {
  if (!isId(text)) throw invalid(`${quoted(text)} is not the name of a ${what}`, "names are letters, digits, dots, dashes and underscores, at most 63");
}

/** What the embedded site asks beyond a stock journal. */
export function checkScopeId(draft: Draft): void {
  const node = nodeOf(draft.scope);
  const vcluster = vclusterOf(draft.scope);
  if (node !== undefined) checkId("node", node);
  if (vcluster !== undefined) checkId("vCluster", vcluster);
  if (draft.type === ENTRY.ROLLBACK && draft.parent === null) throw invalid("a rollback names the entry it goes back to");
}

/** Throws unless who acts in the body is who the token says. */
export function checkSelf(claimed: Caller | undefined, caller: Caller, what: string): void {
  if (claimed === undefined) return;
  if (claimed.principal === caller.principal && claimed.role === caller.role) return;
  throw forbidden(`${what} ${quoted(claimed.principal)} (${quoted(claimed.role)}) is not the token's ${quoted(caller.principal)} (${quoted(caller.role)})`);
}

/** Throws for a node or vCluster nobody has heard of. */
export function checkKnown(draft: Draft, knows: { node: (id: string) => boolean; vcluster: (name: string) => boolean }): void {
  const node = nodeOf(draft.scope);
  const vcluster = vclusterOf(draft.scope);
  if (node !== undefined && !knows.node(node)) throw notFound(`no node called ${node}`, "see: pact status");
  if (vcluster !== undefined && !knows.vcluster(vcluster)) throw notFound(`no vCluster called ${vcluster}`, "see: pact group list");
}
