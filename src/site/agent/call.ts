// What every call to an agent goes through: who it is, that the answer carries the
// server's time, and one audit record whatever happens (S4, decision 5).
import { randomUUID } from "node:crypto";
import { Metadata, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import { AUTHORIZATION, REQUEST_ID, TIME } from "../../contract/metadata.ts";
import type { AuditRecord } from "../journal/audit.ts";
import type { Caller, Clock, VerifyToken } from "../parts.ts";
import { mayDo, rolesFor, type Need, type Profile } from "./access.ts";
import { asRefusal, asServiceError, Refusal } from "./refusal.ts";

export interface Desk {
  readonly node: string;
  readonly vcluster: string;
  readonly profile: Profile;
  readonly clock: Clock;
  readonly verify: VerifyToken;
  readonly audit: (record: AuditRecord) => Promise<void>;
  /** Waits while the node is told not to answer. */
  readonly thawed: () => Promise<void>;
}

/** What the three kinds of call have in common here. */
interface AnyCall {
  readonly metadata: Metadata;
  readonly cancelled: boolean;
  once(event: "cancelled", listener: () => void): unknown;
}

/** One call as its handler sees it. */
export class Visit {
  readonly desk: Desk;
  readonly rpc: string;
  readonly requestId: string;
  readonly signal: AbortSignal;
  /** What the record will say it was about; handlers refine it. */
  target: string;
  /** What the record will say of a call that was allowed. */
  note = "";
  #caller: Caller | undefined;
  readonly #authorization: string | undefined;

  constructor(desk: Desk, rpc: string, call: AnyCall) {
    this.desk = desk;
    this.rpc = rpc;
    this.target = `node:${desk.node}`;
    const header = call.metadata.get(AUTHORIZATION)[0];
    this.#authorization = typeof header === "string" ? header : undefined;
    const id = call.metadata.get(REQUEST_ID)[0];
    this.requestId = typeof id === "string" && /^[\x21-\x7e]{1,128}$/.test(id) ? id : randomUUID();
    const gone = new AbortController();
    call.once("cancelled", () => gone.abort());
    if (call.cancelled) gone.abort();
    this.signal = gone.signal;
  }

  get caller(): Caller {
    if (this.#caller === undefined) throw new Refusal("unauthenticated", "the caller is not known yet");
    return this.#caller;
  }

  /** Stock agents look no further than the header on some calls. */
  requireHeader(): void {
    if (this.#authorization === undefined) throw new Refusal("unauthenticated", "missing authorization header", "log in first");
  }

  async authenticate(): Promise<Caller> {
    this.requireHeader();
    const match = /^[Bb]earer (.+)$/.exec(this.#authorization ?? "");
    if (match?.[1] === undefined) throw new Refusal("unauthenticated", "invalid Bearer token format");
    try {
      this.#caller = await this.desk.verify(match[1]);
    } catch (error) {
      const text = error instanceof Error ? error.message : "";
      const known = ["token expired", "invalid audience", "invalid issuer", "no signing key"].find((phrase) => text.includes(phrase));
      throw new Refusal("unauthenticated", known ?? "invalid token");
    }
    return this.#caller;
  }

  require(need: Need): void {
    const { vcluster, profile } = this.desk;
    if (!mayDo(this.caller, vcluster, need, profile)) throw new Refusal("forbidden", rolesFor(vcluster, need));
  }

  /** RFC 3339 time for headers, only where the extensions are offered. */
  get time(): string | undefined {
    return this.desk.profile === "embedded" ? new Date(this.desk.clock.now()).toISOString() : undefined;
  }

  headers(): Metadata {
    const metadata = new Metadata();
    if (this.time !== undefined) metadata.set(TIME, this.time);
    return metadata;
  }

  /** The record of this call. A log that cannot be written fails the call; whoever only reads does not wait for the disk. */
  async record(refusal: Refusal | undefined, waits: boolean): Promise<void> {
    const denied = refusal !== undefined && ["unauthenticated", "forbidden", "policy", "notWhitelisted"].includes(refusal.kind);
    const kept = this.desk.audit({
      time: new Date(this.desk.clock.now()).toISOString(),
      request_id: this.requestId,
      principal: this.#caller?.principal ?? "",
      principal_type: this.#caller?.principalType ?? "",
      role: this.#caller?.role ?? "",
      rpc: this.rpc,
      target: this.target,
      outcome: refusal === undefined ? "ok" : denied ? "denied" : "failed",
      reason: refusal?.message ?? this.note,
    });
    // What cannot even be put is rejected at once, and comes first.
    await (waits ? kept : Promise.race([kept, Promise.resolve()]));
    kept.catch(() => {});
  }
}

/** Runs a handler and its record; answers what it threw. */
export async function attended<T>(visit: Visit, run: () => Promise<T>, reads = false): Promise<{ readonly value: T } | { readonly refusal: Refusal }> {
  let refusal: Refusal | undefined;
  let value: { value: T } | undefined;
  try {
    await visit.desk.thawed();
    value = { value: await run() };
  } catch (error) {
    refusal = asRefusal(error);
  }
  try {
    await visit.record(refusal, !reads || refusal !== undefined);
  } catch {
    refusal ??= new Refusal("internal", "the audit log cannot be written");
  }
  return refusal === undefined && value !== undefined ? value : { refusal: refusal ?? new Refusal("internal", "no answer") };
}

/** A unary handler that changes nothing, from a function that returns or throws a Refusal. */
export function reading<Q, A>(desk: Desk, rpc: string, run: (visit: Visit, request: Q) => Promise<A>) {
  return answering(desk, rpc, run, true);
}

/** A unary handler from a function that returns or throws a Refusal. */
export function unary<Q, A>(desk: Desk, rpc: string, run: (visit: Visit, request: Q) => Promise<A>) {
  return answering(desk, rpc, run, false);
}

function answering<Q, A>(desk: Desk, rpc: string, run: (visit: Visit, request: Q) => Promise<A>, reads: boolean) {
  return (call: ServerUnaryCall<Q, A>, done: sendUnaryData<A>): void => {
    const visit = new Visit(desk, rpc, call);
    void attended(visit, () => run(visit, call.request), reads).then((end) => {
      call.sendMetadata(visit.headers());
      if ("value" in end) done(null, end.value);
      else done(asServiceError(end.refusal, visit.time));
    });
  };
}
