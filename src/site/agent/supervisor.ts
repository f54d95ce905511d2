// The services of one virtual node: what run/pact/services.toml defines is there, what should
// run is started in order, and all of it ends with the node.
import type { Clock } from "../parts.ts";
import type { Baseline } from "./baseline.ts";
import type { Found } from "./found.ts";
import type { Place } from "./place.ts";
import { Service, type ServiceOptions, type ServiceStatus } from "./service.ts";
import { definitionReader, type Definitions } from "./service-file.ts";
import { openServiceLog, type ServiceLog } from "./service-log.ts";
import { runService } from "./service-run.ts";

/** Between SIGTERM and SIGKILL, ms: when somebody asks, and when the node ends. */
const GRACE_MS = 5000;
const LAST_GRACE_MS = 1000;
/** A service that is back this soon has not been away, ms of real time. */
const SETTLE_MS = 400;

export interface Supervisor {
  /** Reads the node's definitions, starts and stops accordingly, and answers what each service is. */
  look(declared: Baseline["services"]): Promise<Found<string>>;
  /** By name, after a look at the definitions. */
  statuses(): Promise<readonly ServiceStatus[]>;
  /** Each throws an Error that says why not; the name is one of `statuses`. */
  start(name: string): Promise<void>;
  stop(name: string): Promise<void>;
  restart(name: string): Promise<void>;
  /** Why nothing is kept of what a service says; undefined when it is. */
  logTrouble(name: string): string | undefined;
  /** The node is out of service: what runs is ended, and nothing is started before it is back. */
  pause(): Promise<void>;
  /** It is back: what ran is started again. */
  resume(): void;
  close(): Promise<void>;
}

export interface SupervisorOptions {
  readonly place: Place;
  readonly clock: Clock;
  /** Told soon after a service changed its state. */
  readonly changed: () => void;
  /** Told when a service is given up. */
  readonly failed: (name: string, why: string) => void;
}

interface Supervised {
  readonly service: Service;
  readonly log: ServiceLog;
}

export function openSupervisor(options: SupervisorOptions): Supervisor {
  return new Supervising(options);
}

class Supervising implements Supervisor {
  readonly #options: SupervisorOptions;
  readonly #read: ReturnType<typeof definitionReader>;
  readonly #services = new Map<string, Supervised>();
  /** Those whose definition is gone, until they have ended. */
  readonly #leaving = new Map<string, Promise<void>>();
  #known = false;
  #trouble: string | undefined;
  #declared: Baseline["services"];
  #turn: Promise<unknown> = Promise.resolve();
  #starting: Promise<void> = Promise.resolve();
  #soon: NodeJS.Timeout | undefined;
  /** What ran when the node went out of service; undefined while it is not. */
  #paused: readonly string[] | undefined;
  #closed = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#read = definitionReader(options.place.root);
  }

  async look(declared: Baseline["services"]): Promise<Found<string>> {
    this.#declared = declared;
    await this.#reread();
    const items = new Map([...this.#services].map(([name, { service }]) => [name, service.told]));
    return { items: this.#known && this.#paused === undefined ? items : undefined, trouble: this.#trouble };
  }

  async statuses(): Promise<readonly ServiceStatus[]> {
    await this.#reread();
    return [...this.#services.values()].map(({ service }) => service.status).sort((a, b) => (a.definition.name < b.definition.name ? -1 : 1));
  }

  async start(name: string): Promise<void> {
    const { service } = this.#of(name);
    for (const need of service.status.definition.dependsOn) {
      try {
        await this.start(need);
      } catch (error) {
        throw new Error(`it needs ${need}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    await service.start();
  }

  async stop(name: string): Promise<void> {
    await this.#of(name).service.stop();
  }

  async restart(name: string): Promise<void> {
    await this.#of(name).service.restart();
  }

  logTrouble(name: string): string | undefined {
    return this.#services.get(name)?.log.trouble;
  }

  async pause(): Promise<void> {
    if (this.#paused !== undefined) return;
    const all = [...this.#services];
    this.#paused = all.filter(([, { service }]) => !["Stopped", "Failed"].includes(service.status.state)).map(([name]) => name);
    await Promise.all(all.map(([, { service }]) => service.stop(LAST_GRACE_MS)));
  }

  resume(): void {
    const names = this.#paused ?? [];
    this.#paused = undefined;
    this.#startSoon(names);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#soon);
    await this.#turn;
    await Promise.all([...this.#services.values()].map(end));
    await this.#starting;
    await Promise.all(this.#leaving.values());
  }

  #of(name: string): Supervised {
    const found = this.#services.get(name);
    if (found === undefined || this.#closed) throw new Error("it is not known here");
    return found;
  }

  /** One after another, so that no service is made twice. */
  #reread(): Promise<void> {
    const next = this.#turn.then(async () => {
      if (this.#closed || this.#paused !== undefined) return;
      const found = this.#read();
      this.#trouble = "trouble" in found ? found.trouble : undefined;
      // What cannot be understood changes nothing.
      if ("definitions" in found) this.#follow(found.definitions);
    });
    this.#turn = next.catch(() => {});
    return next;
  }

  #follow(definitions: Definitions): void {
    this.#known = true;
    for (const [name, supervised] of this.#services) {
      if (definitions.has(name)) continue;
      this.#services.delete(name);
      this.#leave(name, supervised);
    }
    const wanted: string[] = [];
    for (const [name, definition] of definitions) {
      const known = this.#services.get(name);
      if (known !== undefined) {
        known.service.define(definition);
        continue;
      }
      const log = openServiceLog(this.#options.place.root, name);
      this.#services.set(name, { service: new Service(definition, this.#serviceOptions(name, log)), log });
      if ((this.#declared?.get(name) ?? definition.state) === "running") wanted.push(name);
    }
    this.#startSoon(wanted);
  }

  #leave(name: string, supervised: Supervised): void {
    const gone = Promise.all([this.#leaving.get(name), end(supervised)]).then(() => {
      if (this.#leaving.get(name) === gone) this.#leaving.delete(name);
    });
    this.#leaving.set(name, gone);
  }

  #startSoon(names: readonly string[]): void {
    for (const name of names) this.#services.get(name)?.service.announce();
    this.#starting = this.#starting.then(() => this.#startAll(names));
  }

  #serviceOptions(name: string, log: ServiceLog): ServiceOptions {
    const { place, clock, failed } = this.#options;
    return {
      clock,
      graceMs: GRACE_MS,
      failed: (which, why) => (this.#closed || this.#paused !== undefined ? undefined : failed(which, why)),
      changed: () => this.#noticed(),
      run: async (definition) => {
        if (this.#closed || this.#paused !== undefined) throw new Error("the node is out of service");
        await this.#leaving.get(name);
        return runService(place, definition, (chunk) => log.write(chunk));
      },
    };
  }

  async #startAll(names: readonly string[]): Promise<void> {
    for (const name of names) {
      if (this.#closed) return;
      await this.start(name).catch((error: unknown) => {
        const service = this.#services.get(name)?.service;
        if (service?.status.state === "Starting") service.giveUp(error instanceof Error ? error.message : String(error));
      });
    }
  }

  #noticed(): void {
    if (this.#closed) return;
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.#options.changed();
    }, SETTLE_MS);
  }
}

async function end({ service, log }: Supervised): Promise<void> {
  await service.stop(LAST_GRACE_MS);
  await log.close();
}
