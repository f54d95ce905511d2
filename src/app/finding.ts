// How checks of this machine say what they found.
import type { FailureName, Finding, PactError } from "../api/index.ts";

export const ok = (check: string, detail: string): Finding => ({ check, status: "ok", detail, hint: null, failure: null });
export const warn = (check: string, detail: string, hint: string): Finding => ({ check, status: "warn", detail, hint, failure: null });
export const fail = (check: string, detail: string, hint: string | null, failure: FailureName = "local"): Finding => ({ check, status: "fail", detail, hint, failure });

/** A failure as a finding: what, and why. */
export function failed(check: string, { failure, message, about }: PactError): Finding {
  return fail(check, about.reason === undefined ? message : `${message}: ${about.reason}`, about.hint ?? null, failure);
}
