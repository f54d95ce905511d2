// Deadlines of single looks: each ends in time whatever the peer does, and an interruption ends all at once.
import { PactError } from "pact/api";

/** A look may take so long, in ms. */
const LONGEST_MS = 4_000;
/** All of them together, in ms: later ones get what earlier ones left. */
const WHOLE_MS = 11_500;

export class Deadlines {
  readonly #signal: AbortSignal;
  readonly #end = performance.now() + WHOLE_MS;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Throws what `run` throws; `late` when it takes too long; interrupted when the operator ends the command. */
  async within<T>(late: (limitMs: number) => PactError, run: (signal: AbortSignal) => Promise<T>, limitMs = LONGEST_MS): Promise<T> {
    const limit = Math.max(1, Math.min(limitMs, LONGEST_MS, this.#end - performance.now()));
    const own = new AbortController();
    const either = AbortSignal.any([this.#signal, own.signal]);
    if (either.aborted) throw interrupted();
    return await new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(late(limit));
        own.abort();
      }, limit);
      either.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(interrupted());
      }, { once: true });
      run(either).then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }
}

const interrupted = (): PactError => new PactError("interrupted", "interrupted");
