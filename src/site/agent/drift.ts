// The drift of one node: looked for when something changes and when somebody asks,
// told to the journal at most once a second, gone again when it was committed (decision 22).
import { join } from "node:path";
import type { ConfigEntry__Output } from "../../contract/gen/pact/config/ConfigEntry.ts";
import { baselineFrom, readBaseline, writeBaseline, type Baseline } from "./baseline.ts";
import { commitInto, countOf, deltaOf, magnitudeOf, markOf, NO_DRIFT, type Delta } from "./delta.ts";
import type { Observed, Observer } from "./observe.ts";
import { openWatch, type Watch } from "./watch.ts";

/** Least time between two reports, ms. */
const REPORT_MS = 1000;
const SETTLE_MS = 100;
const SLOW_MS = 15_000;
/** Kernel settings of the machine itself announce nothing: they are read this often. */
const POLL_MS = 800;

export interface Drift {
  readonly delta: Delta;
  readonly count: number;
  readonly magnitude: number;
}

export interface DriftWatch {
  /** Looks now. */
  fresh(): Promise<Drift>;
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
  /** Whether settings have to be polled. */
  readonly poll: boolean;
  /** Told of every change, also the one to no drift. */
  readonly report: (drift: Drift) => Promise<void>;
}

/** Starts from the kept baseline, or declares what is there now. */
export async function watchDrift(options: DriftOptions): Promise<DriftWatch> {
  const path = join(options.folder, "baseline.json");
  const first = await options.observer.look();
  let declared = readBaseline(path);
  if (declared === undefined) {
    declared = baselineFrom(first);
    writeBaseline(path, declared);
  }
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
  #settings = "";
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
    const now = JSON.stringify([...await this.#options.observer.settings()]);
    if (now === this.#settings || this.#closed) return;
    await this.fresh();
  }

  take(observed: Observed): Drift {
    this.#settings = JSON.stringify([...observed.sysctl]);
    this.#watch.set(this.#closed ? [] : observed.folders);
    const delta = deltaOf(this.#declared, observed);
    this.#delta = delta;
    this.#tell();
    return { delta, count: countOf(delta), magnitude: magnitudeOf(delta) };
  }

  fresh(): Promise<Drift> {
    return this.#inTurn(async () => this.take(await this.#options.observer.look()));
  }

  commit(entry: ConfigEntry__Output): Promise<void> {
    return this.#inTurn(async () => {
      const sequence = BigInt(entry.sequence);
      if (sequence <= this.#declared.applied) return;
      const observed = await this.#options.observer.look();
      if (entry.state_delta !== null) commitInto(this.#declared, entry.state_delta, observed);
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
