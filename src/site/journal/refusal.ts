// How the journal says no: a gRPC status, and for our own clients the failure's name
// and advice. The names are those a client knows; this is the list of the ones used here.
import { status } from "@grpc/grpc-js";

export type FailureName =
  | "invalid"
  | "notFound"
  | "precondition"
  | "unsupported"
  | "unauthenticated"
  | "forbidden"
  | "policy"
  | "conflict"
  | "remote"
  | "unreachable"
  | "approval-required";

interface Extras {
  readonly hint?: string;
  /** More trailers, by name. */
  readonly trailers?: Readonly<Record<string, string>>;
}

/** A refused or failed call. The message travels as the status text: lower case, names the object, no full stop. */
export class Refusal extends Error {
  readonly code: status;
  readonly failure: FailureName;
  readonly extras: Extras;

  constructor(code: status, failure: FailureName, message: string, extras: Extras = {}) {
    super(message);
    this.name = "Refusal";
    this.code = code;
    this.failure = failure;
    this.extras = extras;
  }

  /** Whether a rule said no, as against a request that cannot be done. */
  get denied(): boolean {
    return ["unauthenticated", "forbidden", "policy", "approval-required"].includes(this.failure);
  }
}

const hinted = (hint: string | undefined): Extras => (hint === undefined ? {} : { hint });

export const invalid = (message: string, hint?: string): Refusal =>
  new Refusal(status.INVALID_ARGUMENT, "invalid", message, hinted(hint));
export const notFound = (message: string, hint?: string): Refusal =>
  new Refusal(status.NOT_FOUND, "notFound", message, hinted(hint));
/** FAILED_PRECONDITION with the name that fits. */
export const precondition = (message: string, failure: FailureName = "precondition", hint?: string): Refusal =>
  new Refusal(status.FAILED_PRECONDITION, failure, message, hinted(hint));
export const forbidden = (message: string, hint?: string): Refusal =>
  new Refusal(status.PERMISSION_DENIED, "forbidden", message, hinted(hint));
export const conflict = (code: status, message: string, hint?: string): Refusal =>
  new Refusal(code, "conflict", message, hinted(hint));
export const exhausted = (message: string, hint?: string): Refusal =>
  new Refusal(status.RESOURCE_EXHAUSTED, "precondition", message, hinted(hint));
export const unauthenticated = (message: string, hint?: string): Refusal =>
  new Refusal(status.UNAUTHENTICATED, "unauthenticated", message, hinted(hint));

/** Text from a caller, fit to be repeated in a message: control and non-ASCII characters escaped, cut to 80. */
export function quoted(text: string): string {
  const cut = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return JSON.stringify(cut).replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
