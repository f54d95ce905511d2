// The way out of a server stream: one message at a time, no faster than the client reads,
// and an end when the client goes or the journal stops.
import { status, type ServerWritableStream } from "@grpc/grpc-js";
import type { Clock } from "../parts.ts";
import { Refusal, unauthenticated } from "./refusal.ts";

/** Messages after which other calls get their turn, also when the client keeps up. */
const TURN = 64;
/** A live stream whose client takes nothing for so long is ended; the client goes on from where it was. In ms. */
const SLOW_MS = 60_000;
/** As for a token that has just been sent, in ms. */
const LEEWAY_MS = 5_000;

export class Out<T> {
  /** Aborted when the client is gone or the journal stops. */
  readonly gone: AbortSignal;
  private readonly call: ServerWritableStream<unknown, T>;
  private readonly stopping: AbortSignal;
  private readonly sendHead: () => void;
  private readonly end = new AbortController();
  private readonly onStop = (): void => this.end.abort();
  private live: Clock | undefined;
  private forgetEnd = (): void => {};
  private why: Refusal | undefined;
  private opened = false;
  private sent = 0;

  constructor(call: ServerWritableStream<unknown, T>, stopping: AbortSignal, sendHead: () => void) {
    this.call = call;
    this.stopping = stopping;
    this.sendHead = sendHead;
    this.gone = this.end.signal;
    call.on("cancelled", this.onStop);
    call.on("close", this.onStop);
    call.on("error", this.onStop);
    if (stopping.aborted) this.end.abort();
    else stopping.addEventListener("abort", this.onStop, { once: true });
  }

  /** Whether it is the journal that ends the stream, and the client still listens. */
  get stopped(): boolean {
    return this.stopping.aborted && !this.call.cancelled;
  }

  /** Why we ended the stream, where neither the client nor the journal's end did. */
  get cut(): Refusal | undefined {
    return this.why;
  }

  /** For streams without an end: they end with the token, and when the client reads nothing any more. */
  lastsUntil(moment: number | undefined, clock: Clock): void {
    this.live = clock;
    if (moment === undefined) return;
    this.forgetEnd = clock.at(moment + LEEWAY_MS, () => this.cutOff(unauthenticated("token expired", "log in again: pact login")));
  }

  private cutOff(why: Refusal): void {
    this.why ??= why;
    this.end.abort();
  }

  /** Sends the head of the answer, once. */
  open(): void {
    if (this.opened || this.call.cancelled) return;
    this.opened = true;
    this.sendHead();
  }

  /** Sends a message and waits until there is room for the next. False when nobody reads any more. */
  async write(message: T): Promise<boolean> {
    if (this.gone.aborted) return false;
    this.open();
    this.sent += 1;
    if (!this.call.write(message)) await this.drained();
    else if (this.sent % TURN === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    return !this.gone.aborted;
  }

  private drained(): Promise<void> {
    return new Promise<void>((resolve) => {
      const tooSlow = (): void => this.cutOff(new Refusal(status.UNAVAILABLE, "unreachable", `nothing was read for ${SLOW_MS / 1000} s; go on from the last sequence`));
      const forget = this.live?.at(this.live.now() + SLOW_MS, tooSlow);
      const done = (): void => {
        forget?.();
        this.call.off("drain", done);
        this.gone.removeEventListener("abort", done);
        resolve();
      };
      this.call.once("drain", done);
      this.gone.addEventListener("abort", done, { once: true });
    });
  }

  /** Lets go of the stop signal; the call itself is ended by whoever made it. */
  close(): void {
    this.forgetEnd();
    this.stopping.removeEventListener("abort", this.onStop);
  }
}
