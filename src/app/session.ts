// What one run of the program keeps between lines: the selection, changed
// settings, and whether the shell should end. It belongs to this process alone.
import { type ConfigValue, type HistoryLine, type Session, PactError, FORMATS, ID_PATTERN } from "../api/index.ts";
import { nearest } from "../core/suggest.ts";
import type { FileValue } from "./files.ts";
import type { SessionValues, Settings } from "./settings.ts";

/** What the session needs to know of the program around it. */
export interface SessionHost {
  readonly interactive: boolean;
  settings(): Settings;
  tokenOrigin(): string;
  /** Every value of the configuration files, the user's file over the system's. */
  fileValues(): ReadonlyMap<string, FileValue>;
  /** Values of the `[context.NAME]` tables, by name. */
  contexts(): ReadonlyMap<string, SessionValues>;
  history(): readonly HistoryLine[];
  setPrivate(on: boolean): void;
}

/** Values of settings that have but a few. */
const CHOICES = { output: FORMATS, "read-only": ["on", "off"] } as const;

function chosen(key: keyof typeof CHOICES, value: string): string {
  if (!CHOICES[key].some((choice) => choice === value)) throw new PactError("usage", `set: ${key} must be one of ${CHOICES[key].join(", ")}`);
  return value;
}

const SETTABLE: Readonly<Record<string, (value: string) => SessionValues>> = {
  output: (value) => ({ output: chosen("output", value) }),
  timeout: (value) => {
    if (!(Number(value) > 0)) throw new PactError("usage", "set: timeout must be a number of seconds");
    return { timeout: value };
  },
  "read-only": (value) => ({ readOnly: chosen("read-only", value) === "on" }),
  endpoint: (value) => ({ endpoint: value }),
  vcluster: (value) => ({ vcluster: id(value, "vCluster") }),
  node: (value) => ({ node: id(value, "node") }),
};

function id(value: string, what: string): string {
  if (!ID_PATTERN.test(value)) throw new PactError("usage", `${JSON.stringify(value.slice(0, 80))} is not a ${what} name`);
  return value;
}

export class SessionState implements Session {
  readonly interactive: boolean;
  readonly #host: SessionHost;
  #values: SessionValues = {};
  #before: SessionValues | undefined;
  #leaving = false;

  constructor(host: SessionHost) {
    this.#host = host;
    this.interactive = host.interactive;
  }

  get values(): SessionValues {
    return this.#values;
  }

  get leaving(): boolean {
    return this.#leaving;
  }

  config(): readonly ConfigValue[] {
    const settings = this.#host.settings();
    const row = (key: string, setting: { value: string | number | boolean; where: string } | undefined): ConfigValue =>
      ({ key, value: setting?.value ?? null, origin: setting?.where ?? "not set" });
    const token: ConfigValue = { key: "token", value: settings.token === undefined ? null : "set", origin: settings.token?.where ?? this.#host.tokenOrigin() };
    const main = [
      row("endpoint", settings.endpoint), token, row("token_path", settings.tokenPath),
      row("default_vcluster", settings.vcluster), row("default_node", settings.node),
      row("output_format", settings.output), row("timeout_seconds", settings.timeoutS), row("node_timeout_seconds", settings.nodeTimeoutS),
      row("agent_endpoint", settings.agentTemplate), row("agents.require_tls", settings.requireTls),
    ];
    const shown = new Set(main.map(({ key }) => key));
    // What only a file can say: [tls], [auth], [agents], contexts.
    const more = [...this.#host.fileValues()].filter(([key]) => !shown.has(key));
    return [...main, ...more.map(([key, { value, where }]): ConfigValue => ({ key, value: Array.isArray(value) ? value.join(", ") : String(value), origin: where }))];
  }

  context(): readonly ConfigValue[] {
    const settings = this.#host.settings();
    const row = (key: string, setting: { value: string; where: string } | undefined): ConfigValue =>
      ({ key, value: setting?.value ?? null, origin: setting?.where ?? "not set" });
    return [row("endpoint", settings.endpoint), row("vcluster", settings.vcluster), row("node", settings.node), row("output", settings.output)];
  }

  use(selection: { readonly vcluster?: string | null; readonly node?: string | null }): void {
    this.#shellOnly("use");
    this.#before = this.#values;
    const { vcluster, node } = selection;
    this.#values = {
      ...this.#values,
      ...(vcluster === undefined ? {} : { vcluster: vcluster === null ? undefined : id(vcluster, "vCluster") }),
      ...(node === undefined ? {} : { node: node === null ? undefined : id(node, "node") }),
    };
  }

  contexts(): readonly string[] {
    return [...this.#host.contexts().keys()];
  }

  enter(name: string): void {
    this.#shellOnly("use");
    const values = this.#host.contexts().get(name);
    if (values === undefined) throw new PactError("usage", `use: no context called ${JSON.stringify(name.slice(0, 80))}`);
    this.#before = this.#values;
    this.#values = { ...this.#values, node: undefined, ...values };
  }

  back(): void {
    this.#shellOnly("use");
    if (this.#before === undefined) throw new PactError("usage", "use: there is no earlier selection");
    const { vcluster, node, endpoint } = this.#before;
    this.#before = this.#values;
    this.#values = { ...this.#values, vcluster, node, endpoint };
  }

  set(key: string, value: string): void {
    this.#shellOnly("set");
    const change = SETTABLE[key];
    if (change === undefined) {
      const close = nearest(key, this.settable());
      throw new PactError("usage", `set: no setting called ${JSON.stringify(key.slice(0, 40))}`, {
        hint: close.length > 0 ? `did you mean ${close.join(", ")}?` : `set ${this.settable().join("|")} VALUE`,
      });
    }
    this.#values = { ...this.#values, ...change(value) };
  }

  settable(): readonly string[] {
    return Object.keys(SETTABLE);
  }

  /** Values of a setting, for those that have but a few. */
  choices(key: string): readonly string[] {
    return Object.entries(CHOICES).find(([name]) => name === key)?.[1] ?? [];
  }

  history(): readonly HistoryLine[] {
    return this.#host.history();
  }

  setPrivate(on: boolean): void {
    this.#shellOnly("history private");
    this.#host.setPrivate(on);
  }

  leave(): void {
    this.#leaving = true;
  }

  #shellOnly(what: string): void {
    if (!this.interactive) throw new PactError("usage", `${what} works in the pact shell only`, { hint: "pact" });
  }
}
