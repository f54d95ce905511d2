// What every RPC goes through: the token, the handler, the audit record, durability, the answer's metadata.
// Handlers see a verified caller and a request, and throw a Refusal to say no.
import { randomBytes } from "node:crypto";
import { Metadata, status } from "@grpc/grpc-js";
import type { ServerUnaryCall, ServerWritableStream, handleServerStreamingCall, handleUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import { AUTHORIZATION, FAILURE, HINT, MAX_HINT, REQUEST_ID, TIME } from "../../contract/metadata.ts";
import type { Caller, VerifyToken } from "../parts.ts";
import { audit } from "./audit.ts";
import type { Outcome } from "./audit.ts";
import type { Journal } from "./journal.ts";
import { Out } from "./out.ts";
import { Refusal, unauthenticated } from "./refusal.ts";
import { CANNOT_WRITE } from "./store.ts";

/** token: the caller is verified. header: something like a bearer token is there (stock servers). open: nobody asks. */
export type Guard = "token" | "header" | "open";

export interface Rpc<Req> {
  /** Service and method, such as "ConfigService/GetEntry". */
  readonly name: string;
  readonly guard: Guard;
  /** Writes are answered once their audit record is on the disk too. */
  readonly writes: boolean;
  /** What the call is about, for the audit log. */
  readonly target: (request: Req) => string;
}

/** One call, as its handler sees it. */
export interface Context {
  /** Empty names when the guard asks for no token. */
  readonly caller: Caller;
  readonly requestId: string;
  /** For streams: the caller is let in. Sends the head where it is due, and writes the audit record. */
  admit(): void;
  /** Says that an answer with status OK is a refusal all the same. */
  refused(reason: string): void;
}

const NOBODY: Caller = { principal: "", principalType: "Human", role: "" };
const BEARER = "Bearer ";
const REQUEST_ID_FORM = /^[\x21-\x7e]{1,128}$/;
const UNEXPECTED = "the journal failed";

/** What of a failure may be shown, and what it counts as. */
interface Failure {
  readonly refusal: Refusal;
  readonly outcome: Outcome;
  readonly reason: string;
}

function failureOf(thrown: unknown): Failure {
  if (thrown instanceof Refusal) return { refusal: thrown, outcome: thrown.denied ? "denied" : "failed", reason: thrown.message };
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  // The words stock clients look for when the log cannot be written; what else went wrong stays in the audit log.
  if (!reason.startsWith(CANNOT_WRITE)) return { refusal: new Refusal(status.INTERNAL, "remote", UNEXPECTED), outcome: "failed", reason };
  const hint = "make room if the disk is full, then start the site again: pact site down && pact site up";
  return { refusal: new Refusal(status.INTERNAL, "remote", `Raft write failed: ${reason}`, { hint }), outcome: "failed", reason };
}

/** Metadata values and status texts carry no control characters and no broken surrogates. */
const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, "?");
const wellFormed = (text: string): string => Buffer.from(text, "utf8").toString("utf8");

export class Calls {
  private readonly journal: Journal;
  private readonly verify: VerifyToken;

  constructor(journal: Journal, verify: VerifyToken) {
    this.journal = journal;
    this.verify = verify;
  }

  /** Wraps a handler that answers once. It appends what it wants in one go, and does not wait for the disk: that happens here. */
  unary<Req, Res>(rpc: Rpc<Req>, handle: (request: Req, context: Context) => Res): handleUnaryCall<Req, Res> {
    return (call, callback) => void this.answer(rpc, handle, call, callback);
  }

  private async answer<Req, Res>(
    rpc: Rpc<Req>,
    handle: (request: Req, context: Context) => Res,
    call: ServerUnaryCall<Req, Res>,
    callback: sendUnaryData<Res>,
  ): Promise<void> {
    // Before the client is gone, its end must not be an unheard error.
    call.on("error", () => {});
    const log = this.logOf(rpc, call.metadata, () => rpc.target(call.request));
    try {
      const caller = await this.authenticate(rpc.guard, call.metadata);
      log.caller = caller;
      const answer = handle(call.request, log.context());
      // A read waits for what it has seen, not for audit records.
      const seen = rpc.writes ? undefined : this.journal.store.settled();
      log.write("ok", "");
      await (seen ?? this.journal.store.durable());
      if (this.journal.embedded && !call.cancelled) call.sendMetadata(this.time());
      callback(null, answer, this.trailers());
    } catch (thrown) {
      callback(await this.statusOf(thrown, log, rpc.writes));
    }
  }

  /**
   * Wraps a handler that answers with a stream. `prompt`: it goes on for as long as the client likes and its token
   * holds, and its head goes out before the first message.
   */
  stream<Req, Res>(
    rpc: Rpc<Req> & { readonly prompt: boolean },
    handle: (request: Req, context: Context, out: Out<Res>) => Promise<void>,
  ): handleServerStreamingCall<Req, Res> {
    return (call) => void this.serve(rpc, handle, call);
  }

  private async serve<Req, Res>(
    rpc: Rpc<Req> & { readonly prompt: boolean },
    handle: (request: Req, context: Context, out: Out<Res>) => Promise<void>,
    call: ServerWritableStream<Req, Res>,
  ): Promise<void> {
    const out = new Out<Res>(call, this.journal.stopping, () => {
      if (this.journal.embedded) call.sendMetadata(this.time());
    });
    const log = this.logOf(rpc, call.metadata, () => rpc.target(call.request));
    try {
      log.caller = await this.authenticate(rpc.guard, call.metadata);
      if (rpc.prompt) out.lastsUntil(log.caller.expiresAt, this.journal.clock);
      await handle(call.request, log.context(() => (rpc.prompt ? out.open() : undefined)), out);
      if (out.cut !== undefined) throw out.cut;
      log.write("ok", "");
      if (out.stopped) throw new Refusal(status.UNAVAILABLE, "unreachable", "the journal is stopping");
      out.open();
      call.end(this.trailers());
    } catch (thrown) {
      call.emit("error", await this.statusOf(thrown, log, false));
    } finally {
      out.close();
    }
  }

  private async authenticate(guard: Guard, metadata: Metadata): Promise<Caller> {
    if (guard === "open") return NOBODY;
    const [header] = metadata.get(AUTHORIZATION);
    if (typeof header !== "string") throw unauthenticated("the authorization header is missing", "log in first: pact login");
    if (!header.startsWith(BEARER)) throw unauthenticated("the authorization header is not a bearer token");
    if (guard === "header") return NOBODY;
    try {
      return await this.verify(header.slice(BEARER.length));
    } catch (error) {
      // Not the token's fault, such as an identity provider that is not there yet.
      if (error instanceof Refusal) throw error;
      const why = error instanceof Error ? error.message : "invalid token";
      // Stock servers put a prefix in front, which their clients look for.
      throw unauthenticated(this.journal.embedded ? why : `invalid token: ${why}`, "log in again: pact login");
    }
  }

  private time(): Metadata {
    const metadata = new Metadata();
    metadata.set(TIME, new Date(this.journal.now()).toISOString());
    return metadata;
  }
  private trailers(): Metadata {
    return this.journal.embedded ? this.time() : new Metadata();
  }

  /** The status for a client, with the failure's name and advice where our own clients look for them. */
  private async statusOf(thrown: unknown, log: CallLog, writes: boolean): Promise<{ code: status; details: string; metadata: Metadata; name: string; message: string }> {
    let failure = failureOf(thrown);
    try {
      log.write(failure.outcome, failure.reason);
      if (writes) await this.journal.store.durable();
    } catch (error) {
      failure = failureOf(error);
    }
    const { refusal } = failure;
    const metadata = this.trailers();
    if (this.journal.embedded) {
      metadata.set(FAILURE, refusal.failure);
      if (refusal.extras.hint !== undefined) metadata.set(HINT, printable(refusal.extras.hint).slice(0, MAX_HINT));
      for (const [name, value] of Object.entries(refusal.extras.trailers ?? {})) metadata.set(name, printable(value));
    }
    const details = wellFormed(refusal.message);
    return { name: "Refusal", message: details, code: refusal.code, details, metadata };
  }

  private logOf(rpc: Rpc<never>, metadata: Metadata, target: () => string): CallLog {
    const [given] = metadata.get(REQUEST_ID);
    const requestId = typeof given === "string" && REQUEST_ID_FORM.test(given) ? given : `req-${randomBytes(4).toString("hex")}`;
    return new CallLog(this.journal, rpc.name, requestId, target);
  }
}

/** The audit record of one call in the making; written once. */
class CallLog {
  caller: Caller | undefined;
  private readonly journal: Journal;
  private readonly rpc: string;
  private readonly requestId: string;
  private readonly target: () => string;
  private written = false;
  private refusal: string | undefined;

  constructor(journal: Journal, rpc: string, requestId: string, target: () => string) {
    this.journal = journal;
    this.rpc = rpc;
    this.requestId = requestId;
    this.target = target;
  }

  /** `admitted` runs when a stream's handler says that it lets the caller in. */
  context(admitted: () => void = () => {}): Context {
    return {
      caller: this.caller ?? NOBODY,
      requestId: this.requestId,
      refused: (reason) => {
        this.refusal = reason;
      },
      // A stream may stay open for days; that it was let in is known, and written, now.
      admit: () => {
        this.write("ok", "");
        admitted();
      },
    };
  }

  write(outcome: Outcome, reason: string): void {
    // A stock server keeps no such log.
    if (this.written || !this.journal.embedded) return;
    this.written = true;
    const { caller } = this;
    audit(this.journal, {
      time: new Date(this.journal.now()).toISOString(),
      request_id: this.requestId,
      principal: caller?.principal ?? "",
      principal_type: caller?.principalType ?? "",
      role: caller?.role ?? "",
      rpc: this.rpc,
      target: this.target(),
      outcome: this.refusal === undefined ? outcome : "denied",
      reason: this.refusal ?? reason,
    });
  }
}
