// Appending. Ours checks roles, policies and heads itself; a stock journal stores whatever comes,
// so there the policy is asked first, once, and obeyed.
import { randomUUID } from "node:crypto";
import { PactError, scopeText, type AppendAbout, type NewEntry, type Verdict } from "../api/index.ts";
import type { AppendEntryRequest } from "../contract/gen/pact/journal/AppendEntryRequest.ts";
import { serviceDefinition } from "../contract/load.ts";
import { attemptOf, unary } from "./call.ts";
import { toEntry } from "./convert.ts";
import { isOurs } from "./history.ts";
import type { JournalOptions } from "./journal.ts";
import { fromUint64, toUint64 } from "./range.ts";
import { approvalRequired, worded, type Attempt } from "./status.ts";

/** What each type of entry is called in a policy. */
const ACTIONS: Readonly<Record<NewEntry["type"], string>> = {
  COMMIT: "commit",
  ROLLBACK: "rollback",
  EMERGENCY_ON: "emergency_start",
  EMERGENCY_OFF: "emergency_end",
  SERVICE_LIFECYCLE: "service_restart",
};

const DOING: Readonly<Record<NewEntry["type"], string>> = {
  COMMIT: "commit to",
  ROLLBACK: "roll back",
  EMERGENCY_ON: "start an emergency on",
  EMERGENCY_OFF: "end the emergency on",
  SERVICE_LIFECYCLE: "record a service action on",
};

/** Appends and answers the sequence. A lost answer is asked for again only where a repeat cannot append twice. */
export async function appendEntry(
  options: JournalOptions, entry: NewEntry, about: AppendAbout, signal: AbortSignal,
): Promise<number> {
  const { link, timeoutMs } = options;
  // Checked before anything is sent.
  const wire = toEntry(entry, await options.principal());
  const requestId = link.shared.requestId();
  let sent = false;
  const onSent = (): void => {
    sent = true;
  };
  const call = { doing: `${DOING[entry.type]} ${scopeText(entry.scope)}`, signal, limitMs: timeoutMs, requestId };
  const ours = await isOurs(link, { signal, limitMs: timeoutMs });
  if (!ours) {
    const scope = about.vcluster === "" ? { kind: "global" as const } : { kind: "vcluster" as const, name: about.vcluster };
    const attempt = attemptOf(link, call);
    const verdict = await options.policy.evaluate(ACTIONS[entry.type], scope, signal);
    if (verdict.allowed || verdict.approvalId === null || about.waiting === undefined) obey(verdict, attempt);
    else await agreed(options, verdict.approvalId, about.waiting, attempt, signal);
  }
  // Not the id that is shown: that one is short, and an entry whose key was there before would silently not be written.
  const request: AppendEntryRequest = ours ? { entry: wire, request_id: randomUUID(), ...expected(about.expectedHead) } : { entry: wire };
  const send = async (): Promise<number> => {
    const { AppendEntry } = serviceDefinition("pact.journal.ConfigService");
    return fromUint64((await unary(link, AppendEntry, request, { ...call, onSent })).sequence, "a sequence");
  };
  const once = async (): Promise<number> => {
    try {
      return await send();
    } catch (thrown) {
      if (!sent || !answerLost(thrown)) throw thrown;
      if (!ours || signal.aborted) throw unknownOutcome(thrown);
    }
    try {
      return await send();
    } catch (thrown) {
      throw answerLost(thrown) ? unknownOutcome(thrown) : thrown;
    }
  };
  for (;;) {
    try {
      return await once();
    } catch (thrown) {
      const approvalId = thrown instanceof PactError ? thrown.about.approvalId : undefined;
      if (approvalId === undefined || about.waiting === undefined) throw thrown;
      // The journal keeps the request; the same one again is answered with what became of it.
      await about.waiting(approvalId, signal);
    }
  }
}

/** A stock journal carries nothing out: returns once its approval was given. Throws policy when it was not. */
async function agreed(options: JournalOptions, approvalId: string, waiting: NonNullable<AppendAbout["waiting"]>, attempt: Attempt, signal: AbortSignal): Promise<void> {
  for (;;) {
    await waiting(approvalId, signal);
    const approval = (await options.policy.approvals(signal)).find((one) => one.approvalId === approvalId);
    if (approval?.status === "approved") return;
    if (approval?.status === "rejected") throw worded("policy", `approval ${approvalId} was denied`, attempt);
    // Stock journals never let one expire.
    if (approval === undefined || approval.status === "expired" || approval.expiresAt.getTime() <= Date.now()) throw worded("policy", `approval ${approvalId} expired`, attempt);
  }
}

const expected = (head: number | null | undefined): Pick<AppendEntryRequest, "expected_head"> =>
  head === undefined || head === null ? {} : { expected_head: toUint64(head, "the expected head") };

/** Throws when a policy's verdict is not yes. The reference's prefix tells a role from a rule. */
function obey(verdict: Verdict, attempt: Attempt): void {
  if (verdict.allowed) return;
  if (verdict.approvalId !== null) throw approvalRequired(verdict.approvalId, false, attempt);
  const reason = verdict.reason === null || verdict.reason === "" ? verdict.ref : `${verdict.reason} (${verdict.ref})`;
  throw worded(verdict.ref.startsWith("opa:") ? "policy" : "forbidden", reason, attempt);
}

const answerLost = (thrown: unknown): thrown is PactError =>
  thrown instanceof PactError && ["unreachable", "timeout", "interrupted"].includes(thrown.failure);

const unknownOutcome = (lost: PactError): PactError =>
  new PactError(lost.failure, `${lost.message}; whether the entry was appended is not known`, { ...lost.about, hint: "pact log -n 5" });
