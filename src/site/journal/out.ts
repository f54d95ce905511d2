// The way out of a server stream: one message at a time, no faster than the client reads,
// and an end when the client goes or the journal stops.
import type { ServerWritableStream } from "@grpc/grpc-js";

/** Messages after which other calls get their turn, also when the client keeps up. */
const TURN = 64;

export class Out<T> {
  /** Aborted when the client is gone or the journal stops. */
  readonly gone: AbortSignal;
  private readonly call: ServerWritableStream<unknown, T>;
  private readonly stopping: AbortSignal;
  private readonly sendHead: () => void;
  private readonly end = new AbortController();
  private readonly onStop = (): void => this.end.abort();
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
      const done = (): void => {
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
    this.stopping.removeEventListener("abort", this.onStop);
  }
}
