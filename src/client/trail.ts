// What a watch has shown last, so that a journal which comes back with another past is
// found out, and how far back the two pasts are the same.
import { PactError, scopeText, type Entry } from "../api/index.ts";
import type { ConfigEntry__Output } from "../contract/gen/pact/config/ConfigEntry.ts";
import { serviceDefinition } from "../contract/load.ts";
import { unary, type About } from "./call.ts";
import type { Link } from "./channel.ts";
import { fromEntry } from "./convert.ts";
import { head } from "./history.ts";

/** How many entries are remembered; an older copy that lacks more is found out all the same. */
const KEPT = 4096;

/** Enough to tell two entries of one sequence apart, in whatever form they came. */
const markOf = ({ time, scope, author, message }: Entry): string =>
  `${time.getTime()} ${scopeText(scope)} ${author.principal} ${message.length}`;

interface Step {
  readonly seq: number;
  readonly mark: string;
}

/** Where two pasts part: the first sequence that is not, or may not be, what it was. */
export interface Fork {
  readonly from: number;
  readonly reason: string;
}

export class Trail {
  #steps: Step[] = [];
  readonly #kept: number;

  constructor(kept: number = KEPT) {
    this.#kept = kept;
  }

  get last(): number | undefined {
    return this.#steps.at(-1)?.seq;
  }

  add(entry: Entry): void {
    this.#steps.push({ seq: entry.seq, mark: markOf(entry) });
    if (this.#steps.length >= this.#kept * 2) this.#steps = this.#steps.slice(-this.#kept);
  }

  /** Whether an entry was shown, or is too old to know. */
  holds(seq: number): boolean {
    const first = this.#steps[0]?.seq;
    return first === undefined || seq < first || this.#steps.some((step) => step.seq === seq);
  }

  /** Where the journal's past parts from what was shown; undefined while it does not. Forgets what is no longer so. */
  async fork(link: Link, about: About): Promise<Fork | undefined> {
    const same = async (at: number): Promise<boolean> => {
      const step = this.#steps[at];
      return step === undefined || (await this.#stands(link, step, about));
    };
    const end = this.#steps.length - 1;
    if (await same(end)) return undefined;
    let low = -1;
    for (let high = end; high - low > 1; ) {
      const middle = Math.floor((low + high) / 2);
      if (await same(middle)) low = middle;
      else high = middle;
    }
    const before = this.#steps[low];
    const oldest = this.#steps[0]?.seq ?? 0;
    this.#steps = this.#steps.slice(0, low + 1);
    const now = await head(link, about);
    const ends = now === null ? "it is empty now" : `it ends at #${now} now`;
    if (before !== undefined) return { from: before.seq + 1, reason: ends };
    return { from: Math.min(oldest, now === null ? 0 : now + 1), reason: `${ends}; entries before may be others too` };
  }

  /** What cannot be read because it may not be seen is taken to stand. */
  async #stands(link: Link, { seq, mark }: Step, about: About): Promise<boolean> {
    try {
      const entry = await readEntry(link, seq, about);
      return entry === undefined ? false : markOf(fromEntry(entry)) === mark;
    } catch (thrown) {
      if (thrown instanceof PactError && thrown.failure === "forbidden") return true;
      throw thrown;
    }
  }
}

/** One entry; undefined when the journal does not hold it. */
export async function readEntry(link: Link, seq: number, about: About): Promise<ConfigEntry__Output | undefined> {
  const { GetEntry } = serviceDefinition("pact.journal.ConfigService");
  try {
    return await unary(link, GetEntry, { sequence: String(seq) }, about);
  } catch (thrown) {
    if (thrown instanceof PactError && thrown.failure === "notFound") return undefined;
    throw thrown;
  }
}
