// One service of a node and the state it is in: started, stopped and started again, one
// thing at a time, with growing pauses when it keeps ending by itself.
import type { Clock } from "../parts.ts";
import type { Definition } from "./service-file.ts";
import type { RunEnd, ServiceRun } from "./service-run.ts";

export type ServiceState = "Starting" | "Running" | "Stopping" | "Stopped" | "Failed" | "Restarting";

export interface ServiceStatus {
  readonly definition: Definition;
  readonly state: ServiceState;
  /** As the node sees it; only while it runs. */
  readonly pid: number | undefined;
  /** When its state began, ms since the epoch. */
  readonly since: number;
  /** How often it was started again, by itself or by somebody. */
  readonly restarts: number;
  /** Why it is not running; "" when there is nothing to say. */
  readonly why: string;
}

export interface ServiceOptions {
  readonly clock: Clock;
  readonly run: (definition: Definition) => Promise<ServiceRun>;
  /** Told of every change of state. */
  readonly changed: () => void;
  /** Told when it is given up. */
  readonly failed: (name: string, why: string) => void;
  /** Between SIGTERM and SIGKILL, ms of real time. */
  readonly graceMs: number;
}

/** A run this long ends a row of failures. */
export const STEADY_MS = 10_000;
/** Ends in a row before it is given up. */
export const MOST_FAILURES = 10;
export const LONGEST_PAUSE_MS = 60_000;

export class Service {
  readonly #options: ServiceOptions;
  #definition: Definition;
  #state: ServiceState = "Stopped";
  #since: number;
  #why = "";
  #restarts = 0;
  /** Ends in a row that nobody asked for. */
  #failures = 0;
  #run: ServiceRun | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #cancel: () => void = () => {};

  constructor(definition: Definition, options: ServiceOptions) {
    this.#definition = definition;
    this.#options = options;
    this.#since = options.clock.now();
  }

  get status(): ServiceStatus {
    return { definition: this.#definition, state: this.#state, pid: this.#run?.pid, since: this.#since, restarts: this.#restarts, why: this.#why };
  }

  /** The state as drift knows it. One that keeps ending is not running in between. */
  get told(): string {
    if (this.#state === "Running" && this.#failures > 1) return "restarting";
    return this.#state === "Starting" || this.#state === "Stopping" ? "running" : this.#state.toLowerCase();
  }

  /** Counts from the next start on. */
  define(definition: Definition): void {
    this.#definition = definition;
  }

  /** Throws an Error that says why it does not run; one that runs already is left alone. */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#run === undefined) await this.#begin();
    });
  }

  stop(graceMs = this.#options.graceMs): Promise<void> {
    return this.#inTurn(() => this.#halt(graceMs));
  }

  restart(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#halt(this.#options.graceMs);
      this.#restarts += 1;
      await this.#begin();
    });
  }

  /** It will be started at once, and until then does not count as stopped. */
  announce(): void {
    if (this.#run === undefined) this.#become("Starting");
  }

  /** It cannot even be tried. */
  giveUp(why: string): void {
    if (this.#run === undefined) this.#become("Failed", why);
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(act);
    this.#turn = next.catch(() => {});
    return next;
  }

  #become(state: ServiceState, why = ""): void {
    this.#state = state;
    this.#since = this.#options.clock.now();
    this.#why = why;
    if (state === "Failed") this.#options.failed(this.#definition.name, why);
    this.#options.changed();
  }

  /** For somebody who waits for it. */
  async #begin(): Promise<void> {
    this.#failures = 0;
    try {
      await this.#launch();
    } catch (error) {
      const why = reasonOf(error);
      this.#become("Failed", why);
      throw new Error(why);
    }
  }

  async #launch(): Promise<void> {
    this.#cancel();
    this.#become("Starting");
    const run = await this.#options.run(this.#definition);
    this.#run = run;
    this.#become("Running");
    const { clock, changed } = this.#options;
    this.#cancel = clock.at(clock.now() + STEADY_MS, () => {
      this.#failures = 0;
      changed();
    });
    void run.ended.then((end) => this.#ended(run, end));
  }

  async #halt(graceMs: number): Promise<void> {
    this.#cancel();
    const run = this.#run;
    if (run !== undefined) {
      this.#become("Stopping");
      // From here on its end is no surprise.
      this.#run = undefined;
      await run.stop(graceMs);
    }
    if (this.#state !== "Stopped") this.#become("Stopped");
  }

  /** It ended by itself. */
  #ended(run: ServiceRun, { code, signal }: RunEnd): void {
    if (this.#run !== run) return;
    this.#run = undefined;
    this.#cancel();
    const { restart, restartDelayS } = this.#definition;
    const why = signal === null ? `it ended with exit ${code ?? "unknown"}` : `it was ended by ${signal}`;
    const clean = code === 0;
    if (restart === "never" || (restart === "on-failure" && clean)) return this.#become(clean ? "Stopped" : "Failed", why);
    this.#later(why, restartDelayS);
  }

  #later(why: string, delayS: number): void {
    this.#failures += 1;
    if (this.#failures > MOST_FAILURES) return this.#become("Failed", `${why}, ${this.#failures} times in a row`);
    const pause = Math.min(delayS * 1000 * 2 ** (this.#failures - 1), LONGEST_PAUSE_MS);
    this.#become("Restarting", why);
    const { clock } = this.#options;
    this.#cancel = clock.at(clock.now() + pause, () => void this.#inTurn(() => this.#again()));
  }

  async #again(): Promise<void> {
    // Somebody was faster.
    if (this.#state !== "Restarting") return;
    this.#restarts += 1;
    // What keeps it from starting may pass as well.
    await this.#launch().catch((error: unknown) => this.#later(reasonOf(error), this.#definition.restartDelayS));
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
