// Entries as they are appended. The stream may end or break at any time; it is taken up again where
// it stopped, without repeating an entry. Silence is never an end, and what was missed is told.
import { asPactError, type Entry, type Gap } from "../api/index.ts";
import type { ConfigUpdate__Output } from "../contract/gen/pact/stream/ConfigUpdate.ts";
import { serviceDefinition } from "../contract/load.ts";
import { stream, type About } from "./call.ts";
import type { Link } from "./channel.ts";
import { fromEntry } from "./convert.ts";
import { toUint64 } from "./range.ts";
import { entryFromJson } from "./serde.ts";
import { Trail, readEntry } from "./trail.ts";
import { Trouble, type Pace } from "./trouble.ts";

export interface Watching {
  readonly link: Link;
  /** How long a journal that was never reached is tried; one that was is tried ten times as long. In ms. */
  readonly timeoutMs: number;
  readonly note: (line: string) => void;
  readonly pace?: Pace;
}

/**
 * Yields entries from a sequence on until aborted, and gaps where there is something it cannot show. Throws unreachable
 * when the journal stays out of reach, and whatever it refuses with at once. Ours may leave out what a role may not see.
 */
export async function* watchEntries(watching: Watching, from: number, signal: AbortSignal): AsyncGenerator<Entry | Gap> {
  const follower = new Follower(watching, from, signal);
  const trouble = new Trouble(watching, () => follower.next, signal);
  try {
    while (!signal.aborted) {
      try {
        yield* follower.run(trouble);
        await trouble.wait(undefined);
      } catch (thrown) {
        if (signal.aborted) return;
        await trouble.wait(asPactError(thrown));
      }
    }
  } finally {
    trouble.close();
  }
}

/** One watch over all its streams: what comes next, and what was shown. */
class Follower {
  next: number;
  readonly #watching: Watching;
  readonly #signal: AbortSignal;
  readonly #trail = new Trail();
  #asked = false;

  constructor(watching: Watching, from: number, signal: AbortSignal) {
    this.#watching = watching;
    this.next = from;
    this.#signal = signal;
  }

  /** Follows one stream to its end. */
  async *run(trouble: Trouble): AsyncGenerator<Entry | Gap> {
    const { link } = this.#watching;
    yield* this.#pastOf();
    trouble.reached();
    for await (const update of this.#subscribe()) {
      const entry = entryOf(update);
      if (entry === undefined) continue;
      trouble.over();
      if (entry.seq < this.next) {
        if (!this.#trail.holds(entry.seq)) yield gap(entry.seq, entry.seq, "lost", "the journal sent it out of order");
        continue;
      }
      // Without roles in between, a jump is a loss (J1): a stock journal has a race between history and live.
      if (entry.seq > this.next && link.ours === false) yield* this.#missed(this.next, entry.seq - 1);
      yield this.#shown(entry);
    }
  }

  #about(doing: string): About {
    return { doing, signal: this.#signal, limitMs: this.#watching.timeoutMs };
  }

  /** Before each stream: is what came before still so? An older copy of a journal takes sequences a second time. */
  async *#pastOf(): AsyncGenerator<Gap> {
    const { link, note } = this.#watching;
    if (this.#trail.last === undefined) {
      // Also where nothing came before: the answer says that the journal is there.
      const before = await this.#anchor(Math.max(0, this.next - 1));
      if (before === "missing" && this.next > 0 && !this.#asked) {
        note(`the journal holds no entry #${this.next - 1}; nothing is shown before #${this.next} comes`);
      }
    } else {
      const fork = await this.#trail.fork(link, this.#about("watch the journal"));
      if (fork !== undefined) {
        yield gap(fork.from, this.next - 1, "withdrawn", fork.reason);
        this.next = fork.from;
      }
    }
    this.#asked = true;
  }

  /** Remembers the entry before the first one that is wanted. */
  async #anchor(seq: number): Promise<"missing" | "there" | "unseen"> {
    try {
      const entry = await readEntry(this.#watching.link, seq, this.#about("watch the journal"));
      if (entry === undefined) return "missing";
      if (seq < this.next) this.#trail.add(fromEntry(entry));
      return "there";
    } catch (thrown) {
      if (asPactError(thrown).failure === "forbidden") return "unseen";
      throw thrown;
    }
  }

  #shown(entry: Entry): Entry {
    this.next = entry.seq + 1;
    this.#trail.add(entry);
    return entry;
  }

  #subscribe(): AsyncGenerator<ConfigUpdate__Output> {
    const { SubscribeConfigUpdates } = serviceDefinition("pact.stream.BootConfigService");
    const request = { node_id: "", vcluster_id: "", from_sequence: toUint64(this.next, "the first sequence") };
    return stream(this.#watching.link, SubscribeConfigUpdates, request, { ...this.#about("watch the journal"), live: true });
  }

  async *#missed(first: number, last: number): AsyncGenerator<Entry | Gap> {
    const { ListEntries } = serviceDefinition("pact.journal.ConfigService");
    const range = { from_sequence: String(first), to_sequence: String(last) };
    let reason = "the journal did not send them";
    try {
      for await (const entry of stream(this.#watching.link, ListEntries, range, this.#about("read the journal"))) {
        const read = fromEntry(entry);
        if (read.seq >= this.next && read.seq <= last) yield this.#shown(read);
      }
    } catch (thrown) {
      // A journal that went away meanwhile is asked again; what it refuses to send is told.
      const problem = asPactError(thrown);
      if (this.#signal.aborted || problem.failure === "unreachable" || problem.failure === "timeout") throw problem;
      reason = problem.about.reason ?? problem.message;
    }
    if (this.next <= last) yield gap(this.next, last, "lost", reason);
  }
}

const gap = (first: number, last: number, cause: Gap["cause"], reason: string): Gap => ({ kind: "gap", first, last, cause, reason });

/** Every update that is an entry carries it whole, whatever its scope; others are not for us. */
const entryOf = (update: ConfigUpdate__Output): Entry | undefined =>
  update.update === "vcluster_change" && update.vcluster_change !== undefined ? entryFromJson(update.vcluster_change) : undefined;

