// The drift of one node: looked for when something changes and when somebody asks,
// told to the journal at most once a second, gone again when it was committed (decision 22).
import { join } from "node:path";
import type { ConfigEntry__Output } from "../../contract/gen/pact/config/ConfigEntry.ts";
import { baselineFrom, completeBaseline, readBaseline, writeBaseline, type Baseline } from "./baseline.ts";
import { commitInto, countOf, deltaOf, magnitudeOf, markOf, NO_DRIFT, type Delta } from "./delta.ts";
import { quietText, type Observed, type Observer } from "./observe.ts";
import { openWatch, type Watch } from "./watch.ts";

/** Least time between two reports, ms. */
const REPORT_MS = 1000;
const SETTLE_MS = 100;
const SLOW_MS = 15_000;
/** Settings and mounts of the machine itself announce nothing: they are read this often. */
const POLL_MS = 800;

export interface Drift {
  readonly delta: Delta;
  readonly count: number;
  readonly magnitude: number;
}

export interface DriftWatch {
  /** Looks now. */
  fresh(): Promise<Drift>;
  /** Something that no file tells of changed: looks soon. */
  changed(): void;
  /** Highest sequence contained in what is declared. */
  readonly applied: bigint;
  /** Takes a COMMIT or AUTO_CONVERGE of this node's scope; a repeat changes nothing. */
  commit(entry: ConfigEntry__Output): Promise<void>;
  close(): Promise<void>;
}

export interface DriftOptions {
  /** The node's folder, where baseline.json is. */
  readonly folder: string;
  readonly observer: Observer;
  /** Whether settings and mounts have to be polled. */
  readonly poll: boolean;
  /** Told of every change, also the one to no drift. */
  readonly report: (drift: Drift) => Promise<void>;
}

/** Starts from the kept baseline, or declares what is there now. */
export async function watchDrift(options: DriftOptions): Promise<DriftWatch> {
  const path = join(options.folder, "baseline.json");
  const kept = readBaseline(path);
  const first = await options.observer.look(kept?.services);
  const declared = kept ?? baselineFrom(first);
  if (completeBaseline(declared, first) || kept === undefined) writeBaseline(path, declared);
  const watching = new Watching(options, path, declared);
  watching.take(first);
  return watching;
}

class Watching implements DriftWatch {
  readonly #options: DriftOptions;
  readonly #path: string;
  readonly #declared: Baseline;
  readonly #watch: Watch;
  /** Looks and commits take turns, so that a report never mixes two states. */
  #turn: Promise<unknown> = Promise.resolve();
  #quiet = "";
  #toldAt = -REPORT_MS;
  #delta: Delta = NO_DRIFT;
  #later: NodeJS.Timeout | undefined;
  #telling: Promise<void> | undefined;
  #poll: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: DriftOptions, path: string, declared: Baseline) {
    this.#options = options;
    this.#path = path;
    this.#declared = declared;
    this.#watch = openWatch(() => void this.fresh().catch(() => {}), SETTLE_MS, SLOW_MS);
    if (options.poll) {
      this.#poll = setInterval(() => void this.#look().catch(() => {}), POLL_MS);
      this.#poll.unref();
    }
  }

  get applied(): bigint {
    return this.#declared.applied;
  }

  async #look(): Promise<void> {
    const now = await this.#options.observer.quiet();
    if (now === this.#quiet || this.#closed) return;
    await this.fresh();
  }

  changed(): void {
    if (!this.#closed) this.#watch.notice();
  }

  take(observed: Observed): Drift {
    this.#quiet = quietText(observed.sysctl, observed.mounts);
    this.#watch.set(this.#closed ? [] : observed.folders);
    const delta = deltaOf(this.#declared, observed);
    this.#delta = delta;
    this.#tell();
    return { delta, count: countOf(delta), magnitude: magnitudeOf(delta) };
  }

  fresh(): Promise<Drift> {
    return this.#inTurn(async () => {
      const observed = await this.#options.observer.look(this.#declared.services);
      if (completeBaseline(this.#declared, observed)) writeBaseline(this.#path, this.#declared);
      return this.take(observed);
    });
  }

  commit(entry: ConfigEntry__Output): Promise<void> {
    return this.#inTurn(async () => {
      const sequence = BigInt(entry.sequence);
      if (sequence <= this.#declared.applied) return;
      const observed = await this.#options.observer.look(this.#declared.services);
      if (entry.state_delta !== null) {
        commitInto(this.#declared, entry.state_delta, observed);
        // The journal takes drift for gone once something was committed: what is left is told again.
        if (markOf(deltaOf(this.#declared, observed)) === this.#declared.reported) this.#declared.reported = "";
      }
      this.#declared.applied = sequence;
      writeBaseline(this.#path, this.#declared);
      this.take(observed);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#later);
    clearInterval(this.#poll);
    this.#watch.close();
    await this.#turn.catch(() => {});
    await this.#telling;
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(run, run);
    this.#turn = next.catch(() => {});
    return next;
  }

  /** Tells the newest state, once a second at most; what is as told before is not told again. */
  #tell(): void {
    if (this.#closed || this.#telling !== undefined || this.#later !== undefined || markOf(this.#delta) === this.#declared.reported) return;
    const wait = this.#toldAt + REPORT_MS - performance.now();
    if (wait > 0) {
      this.#later = setTimeout(() => {
        this.#later = undefined;
        this.#tell();
      }, wait);
      return;
    }
    const delta = this.#delta;
    this.#toldAt = performance.now();
    this.#telling = this.#report(delta).finally(() => {
      this.#telling = undefined;
      this.#tell();
    });
  }

  /** What could not be told is told with a later look. */
  async #report(delta: Delta): Promise<void> {
    try {
      await this.#options.report({ delta, count: countOf(delta), magnitude: magnitudeOf(delta) });
      this.#declared.reported = markOf(delta);
      writeBaseline(this.#path, this.#declared);
    } catch {
      // Neither the journal nor the disk took it.
    }
  }
}
