// Why an agent says no, and how that travels: as a gRPC status with trailers on
// embedded agents, as the stock agent's phrases in the stream under the real profile.
import { Metadata, status, type ServiceError } from "@grpc/grpc-js";
import { FAILURE, HINT, TIME } from "../../contract/metadata.ts";

export type RefusalName =
  | "unauthenticated"
  | "forbidden"
  | "policy"
  | "notWhitelisted"
  | "unsupported"
  | "precondition"
  | "invalid"
  | "notFound"
  | "agentTimeout"
  | "exhausted"
  | "internal";

interface Way {
  readonly code: status;
  /** The name clients know; absent: they go by the status. */
  readonly failure: string | undefined;
  /** What a stock agent puts before the message. */
  readonly stock: string;
}

const WAYS: Readonly<Record<RefusalName, Way>> = {
  unauthenticated: { code: status.UNAUTHENTICATED, failure: "unauthenticated", stock: "authentication failed: " },
  forbidden: { code: status.PERMISSION_DENIED, failure: "forbidden", stock: "authentication failed: insufficient privileges: " },
  policy: { code: status.PERMISSION_DENIED, failure: "policy", stock: "execution failed: " },
  notWhitelisted: { code: status.PERMISSION_DENIED, failure: "notWhitelisted", stock: "authentication failed: insufficient privileges: " },
  unsupported: { code: status.FAILED_PRECONDITION, failure: "unsupported", stock: "execution failed: " },
  precondition: { code: status.FAILED_PRECONDITION, failure: "precondition", stock: "execution failed: " },
  invalid: { code: status.INVALID_ARGUMENT, failure: "invalid", stock: "execution failed: " },
  notFound: { code: status.NOT_FOUND, failure: "notFound", stock: "execution failed: " },
  agentTimeout: { code: status.DEADLINE_EXCEEDED, failure: "agentTimeout", stock: "execution failed: " },
  exhausted: { code: status.RESOURCE_EXHAUSTED, failure: "precondition", stock: "execution failed: " },
  internal: { code: status.INTERNAL, failure: undefined, stock: "execution failed: " },
};

/** A refusal with a name; messages are lower case and never hold a secret. */
export class Refusal extends Error {
  readonly kind: RefusalName;
  readonly hint: string | undefined;

  constructor(kind: RefusalName, message: string, hint?: string) {
    super(message);
    this.name = "Refusal";
    this.kind = kind;
    this.hint = hint;
  }

  /** The phrase a stock agent sends in the stream. */
  get stockText(): string {
    return WAYS[this.kind].stock + this.message;
  }
}

export function asRefusal(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  return new Refusal("internal", thrown instanceof Error ? thrown.message : String(thrown));
}

/** gRPC metadata takes printable ASCII only. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}

/** As a gRPC error; `time` (RFC 3339) only where the extensions are offered. */
export function asServiceError(refusal: Refusal, time: string | undefined): ServiceError {
  const metadata = new Metadata();
  if (time !== undefined) {
    const { failure } = WAYS[refusal.kind];
    metadata.set(TIME, time);
    if (failure !== undefined) metadata.set(FAILURE, failure);
    if (refusal.hint !== undefined) metadata.set(HINT, printable(refusal.hint));
  }
  return Object.assign(new Error(refusal.message), { code: WAYS[refusal.kind].code, details: refusal.message, metadata });
}
