// How long a watched journal has been out of reach, what is said of it, and how long to
// wait before the next try.
import { PactError } from "../api/index.ts";
import { pause } from "./abort.ts";
import type { Watching } from "./watch.ts";

/** Waiting between tries, in ms. */
export interface Pace {
  readonly first: number;
  readonly longest: number;
  /** Streams that end at once for so long are told. */
  readonly quiet: number;
  /** A stream that stood so long ends the trouble before it, even if nothing came. */
  readonly steady: number;
}

const PACE: Pace = { first: 250, longest: 10_000, quiet: 2_000, steady: 1_000 };
/** A journal that was there before is waited for so many times longer. */
const PATIENCE = 10;

export class Trouble {
  readonly #watching: Watching;
  readonly #next: () => number;
  readonly #signal: AbortSignal;
  readonly #pace: Pace;
  /** A journal that was never reached is out of reach from the beginning. */
  #since: number | undefined = performance.now();
  #backoff: number;
  #told = false;
  #stood = false;
  /** Whether the stream that ends was more than a beginning. */
  #good = false;
  #steady: NodeJS.Timeout | undefined;

  /** `next` tells the sequence where the watch goes on. */
  constructor(watching: Watching, next: () => number, signal: AbortSignal) {
    this.#watching = watching;
    this.#next = next;
    this.#signal = signal;
    this.#pace = watching.pace ?? PACE;
    this.#backoff = this.#pace.first;
  }

  /** The journal has answered; whether that lasts shows later. */
  reached(): void {
    this.#steady = setTimeout(() => this.over(), this.#pace.steady);
  }

  /** Entries flow, or the stream stands. */
  over(): void {
    clearTimeout(this.#steady);
    this.#good = true;
    this.#since = undefined;
    this.#stood = true;
    this.#backoff = this.#pace.first;
    if (this.#told) this.#watching.note(`the journal at ${this.#watching.link.endpoint.url} is back; going on from #${this.#next()}`);
    this.#told = false;
  }

  close(): void {
    clearTimeout(this.#steady);
  }

  /** Waits before the next try; throws the failure when trying again makes no sense. */
  async wait(failure: PactError | undefined): Promise<void> {
    clearTimeout(this.#steady);
    const { timeoutMs, link } = this.#watching;
    const good = this.#good;
    this.#good = false;
    if (failure !== undefined && !this.#passing(failure, good)) throw failure;
    const now = performance.now();
    this.#since ??= now;
    const limit = this.#stood ? timeoutMs * PATIENCE : timeoutMs;
    if (now - this.#since >= limit) {
      throw failure?.failure === "unreachable" ? failure : new PactError("unreachable", `the journal at ${link.endpoint.url} sends nothing`, {
        reason: `${failure?.about.reason ?? "it ends every stream at once"}; tried for ${limit / 1000} s`,
        hint: failure?.about.hint ?? "pact doctor",
        cause: failure,
      });
    }
    this.#tell(failure, now - this.#since, limit);
    const wait = this.#backoff * (0.8 + Math.random() * 0.4);
    this.#backoff = Math.min(this.#backoff * 2, this.#pace.longest);
    await pause(Math.min(wait, limit - (now - this.#since)), this.#signal);
  }

  /** Once for each trouble. That a stream ends and the next one stands is none: stock journals end those that lag. */
  #tell(failure: PactError | undefined, lastedMs: number, limit: number): void {
    if (this.#told || (failure === undefined && lastedMs < this.#pace.quiet) || failure?.failure === "unauthenticated") return;
    this.#told = true;
    const told = failure?.about.reason?.replace(/(?:^|; )endpoint from .*$/u, "");
    const why = failure === undefined ? "it ends every stream at once" : told === undefined || told === "" ? "no answer in time" : told;
    const time = limit >= 120_000 ? `${Math.round(limit / 60_000)} min` : `${limit / 1000} s`;
    this.#watching.note(`the link to the journal at ${this.#watching.link.endpoint.url} is lost (${why}); trying again for ${time}`);
  }

  /** Failures that time may heal. A token that ran out while the stream was up is renewed by the next try. */
  #passing(failure: PactError, good: boolean): boolean {
    if (failure.failure === "unauthenticated") return good;
    return failure.failure === "unreachable" || failure.failure === "timeout";
  }
}
