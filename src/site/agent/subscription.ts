// What the journal announces, followed for all nodes of the process: resumed by
// sequence, with growing pauses, and known to waiters once it has been applied.
import type { ConfigUpdate__Output } from "../../contract/gen/pact/stream/ConfigUpdate.ts";
import type { JournalLink } from "./journal-link.ts";

const FIRST_PAUSE_MS = 1000;
const LAST_PAUSE_MS = 60_000;

export interface Subscription {
  /** The highest sequence whose effects are in place; -1 before the first. */
  readonly applied: bigint;
  /** Resolves when a sequence has been applied, or rejects when the signal says so. */
  reached(sequence: bigint, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/**
 * `apply` handles one update at a time, in order; when it throws, the update is asked
 * for again after a pause. `connected` is told of each first sign of life.
 */
export function follow(
  link: JournalLink,
  from: bigint,
  apply: (update: ConfigUpdate__Output) => Promise<void>,
  connected: () => void,
): Subscription {
  const stop = new AbortController();
  let applied = from - 1n;
  let pause = FIRST_PAUSE_MS;
  let waiters: { readonly sequence: bigint; readonly done: () => void }[] = [];

  const settle = (): void => {
    const ready = waiters.filter(({ sequence }) => sequence <= applied);
    waiters = waiters.filter(({ sequence }) => sequence > applied);
    for (const { done } of ready) done();
  };
  const once = async (): Promise<void> => {
    const session = new AbortController();
    const signal = AbortSignal.any([stop.signal, session.signal]);
    let last = Promise.resolve();
    let failed: unknown;
    await link.updates(String(applied + 1n), signal, (update) => {
      if (pause !== FIRST_PAUSE_MS || applied < from) connected();
      pause = FIRST_PAUSE_MS;
      last = last.then(async () => {
        const sequence = BigInt(update.sequence);
        if (failed !== undefined || signal.aborted || sequence <= applied) return;
        await apply(update);
        applied = sequence;
        settle();
      }).catch((error: unknown) => {
        failed = error;
        session.abort();
      });
    });
    await last;
    if (failed !== undefined) throw failed;
  };
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await once().catch(() => {});
      if (stop.signal.aborted) return;
      await paused(pause, stop.signal);
      pause = Math.min(pause * 2, LAST_PAUSE_MS);
    }
  };
  const running = run();

  return {
    get applied() {
      return applied;
    },
    reached(sequence, signal) {
      if (sequence <= applied) return Promise.resolve();
      return new Promise((resolve, reject) => {
        const waiter = { sequence, done: () => { signal.removeEventListener("abort", give); resolve(); } };
        const give = (): void => {
          waiters = waiters.filter((one) => one !== waiter);
          reject(new Error(`entry ${sequence} has not been applied yet`));
        };
        if (signal.aborted) return give();
        signal.addEventListener("abort", give, { once: true });
        waiters.push(waiter);
      });
    },
    async close() {
      stop.abort();
      await running;
    },
  };
}

function paused(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
