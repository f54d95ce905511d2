// Entries as they are appended. The stream may end or break at any time; it is taken up again where
// it stopped, without repeating an entry. Silence is never an end.
import { PactError, asPactError, type Entry } from "../api/index.ts";
import type { ConfigUpdate__Output } from "../contract/gen/pact/stream/ConfigUpdate.ts";
import { serviceDefinition } from "../contract/load.ts";
import { pause } from "./abort.ts";
import { stream } from "./call.ts";
import type { Link } from "./channel.ts";
import { fromEntry } from "./convert.ts";
import { toUint64 } from "./range.ts";
import { entryFromJson } from "./serde.ts";

/** Waiting between tries, in ms. */
export interface Pace {
  readonly first: number;
  readonly longest: number;
  /** Trouble that lasts so long is told. */
  readonly quiet: number;
  /** A stream that stood so long ends the trouble before it, even if nothing came. */
  readonly steady: number;
}

const PACE: Pace = { first: 250, longest: 10_000, quiet: 2_000, steady: 1_000 };

export interface Watching {
  readonly link: Link;
  readonly timeoutMs: number;
  readonly note: (line: string) => void;
  readonly pace?: Pace;
}

/**
 * Yields entries from a sequence on until aborted. Throws unreachable when the journal has not been
 * reached for `timeoutMs`, and whatever it refuses with at once. `onGap` hears of entries that a stock journal
 * lost on the way and that could not be read afterwards; ours may leave out what a role may not see.
 */
export async function* watchEntries(watching: Watching, from: number, onGap: (problem: PactError) => void, signal: AbortSignal): AsyncGenerator<Entry> {
  const { link } = watching;
  const trouble = new Trouble(watching, signal);
  let next = from;
  while (!signal.aborted) {
    try {
      for await (const update of subscribe(watching, next, () => trouble.reached(), signal)) {
        const entry = entryOf(update);
        if (entry === undefined || entry.seq < next) continue;
        trouble.over();
        // Without roles in between, a jump is a loss (J1): a stock journal has a race between history and live.
        if (entry.seq > next && link.ours === false) yield* missed(watching, next, entry.seq - 1, onGap, signal);
        next = entry.seq + 1;
        yield entry;
      }
      await trouble.wait(undefined);
    } catch (thrown) {
      if (signal.aborted) return;
      await trouble.wait(asPactError(thrown));
    }
  }
}

function subscribe(watching: Watching, from: number, onHeaders: () => void, signal: AbortSignal): AsyncGenerator<ConfigUpdate__Output> {
  const { SubscribeConfigUpdates } = serviceDefinition("pact.stream.BootConfigService");
  return stream(
    watching.link, SubscribeConfigUpdates,
    { node_id: "", vcluster_id: "", from_sequence: toUint64(from, "the first sequence") },
    { doing: "watch the journal", signal, limitMs: watching.timeoutMs, live: true, onHeaders },
  );
}

/** Every update that is an entry carries it whole, whatever its scope; others are not for us. */
const entryOf = (update: ConfigUpdate__Output): Entry | undefined =>
  update.update === "vcluster_change" && update.vcluster_change !== undefined ? entryFromJson(update.vcluster_change) : undefined;

async function* missed(watching: Watching, first: number, last: number, onGap: (problem: PactError) => void, signal: AbortSignal): AsyncGenerator<Entry> {
  const { ListEntries } = serviceDefinition("pact.journal.ConfigService");
  let next = first;
  let cause: unknown;
  try {
    const range = { from_sequence: String(first), to_sequence: String(last) };
    for await (const entry of stream(watching.link, ListEntries, range, { doing: "read the journal", signal, limitMs: watching.timeoutMs })) {
      const read = fromEntry(entry);
      next = read.seq + 1;
      yield read;
    }
  } catch (thrown) {
    cause = thrown;
  }
  if (next <= last && !signal.aborted) {
    onGap(new PactError("remote", `entries ${next} to ${last} were not delivered`, { reason: "the journal did not send them", cause }));
  }
}

/** How long the journal has been out of reach, and how long to wait before the next try. */
class Trouble {
  readonly #watching: Watching;
  readonly #signal: AbortSignal;
  readonly #pace: Pace;
  #since: number | undefined;
  #backoff: number;
  #told = false;
  #upSince: number | undefined;

  constructor(watching: Watching, signal: AbortSignal) {
    this.#watching = watching;
    this.#signal = signal;
    this.#pace = watching.pace ?? PACE;
    this.#backoff = this.#pace.first;
  }

  /** The journal has answered; whether that lasts shows later. */
  reached(): void {
    this.#upSince = performance.now();
    if (this.#told) this.#watching.note(`the journal at ${this.#watching.link.endpoint.url} answers again`);
    this.#told = false;
  }

  /** Entries flow. */
  over(): void {
    this.#since = undefined;
    this.#backoff = this.#pace.first;
  }

  /** Waits before the next try; throws the failure when trying again makes no sense. */
  async wait(failure: PactError | undefined): Promise<void> {
    const { note, timeoutMs, link } = this.#watching;
    const lasted = this.#upSince === undefined ? 0 : performance.now() - this.#upSince;
    this.#upSince = undefined;
    if (lasted >= this.#pace.steady) this.over();
    if (failure !== undefined && !this.#passing(failure, lasted)) throw failure;
    const now = performance.now();
    this.#since ??= now;
    if (now - this.#since >= timeoutMs) {
      throw failure?.failure === "unreachable" ? failure : new PactError("unreachable", `the journal at ${link.endpoint.url} sends nothing`, {
        reason: `${failure?.about.reason ?? "it ends every stream at once"}; tried for ${timeoutMs / 1000} s`,
        cause: failure,
      });
    }
    if (!this.#told && now - this.#since >= this.#pace.quiet) {
      this.#told = true;
      note(`the journal at ${link.endpoint.url} does not answer; trying again`);
    }
    const wait = this.#backoff * (0.8 + Math.random() * 0.4);
    this.#backoff = Math.min(this.#backoff * 2, this.#pace.longest);
    await pause(Math.min(wait, timeoutMs - (now - this.#since)), this.#signal);
  }

  /** Failures that time may heal. A token that ran out while the stream was up is renewed by the next try. */
  #passing(failure: PactError, lastedMs: number): boolean {
    if (failure.failure === "unauthenticated") return lastedMs >= this.#pace.steady;
    return failure.failure === "unreachable" || failure.failure === "timeout";
  }
}
