// The program around commands: builds the registry, resolves settings, runs
// words and shows what came of them. One for a process, be it a shell or one line.
import { type Call, type Catalog, type Command, type Params, type Probe, type Terminal, PactError, asPactError, exitOf, remoteExitOf } from "../api/index.ts";
import { bind, declared } from "../core/bind.ts";
import { type Outcome, dispatch } from "../core/dispatch.ts";
import type { GlobalValues } from "../core/globals.ts";
import { peekGlobals } from "../core/peek.ts";
import { Registry } from "../core/registry.ts";
import { ClosedSink, type Sink } from "../core/sink.ts";
import type { Word } from "../core/word.ts";
import { render } from "../render/renderer.ts";
import { caretLines, renderFailure } from "../render/failure.ts";
import type { RenderSettings, Rendered } from "../render/settings.ts";
import { BUNDLED } from "./bundled.ts";
import { createCatalog } from "./catalog.ts";
import { type Network, createNetwork, networkKey, withSource } from "./network.ts";
import type { Io } from "./io.ts";
import { type Loaded, SettingsLoader } from "./loader.ts";
import type { Answer, Relogin } from "./relogin.ts";
import { plainRendering, rendering } from "./rendering.ts";
import { type SessionHost, SessionState } from "./session.ts";
import type { Settings } from "./settings.ts";
import { oneShotTerminal } from "./terminal.ts";
import { readInput } from "./input.ts";

export interface HostOptions {
  readonly interactive: boolean;
  /** Global flags given to the shell itself: they hold for each of its lines. */
  readonly defaults?: readonly Word[];
  /** The shell's own terminal and history; one-shot runs have neither. */
  readonly terminal?: () => Terminal;
  /** Takes the terminal from the line editor for a question; the answer gives it back. */
  readonly lend?: () => () => void;
  readonly history?: SessionHost["history"];
  readonly setPrivate?: (on: boolean) => void;
}

export class Host {
  readonly io: Io;
  readonly registry: Registry;
  readonly session: SessionState;
  readonly loader: SettingsLoader;
  readonly #options: HostOptions;
  readonly #networks = new Map<string, Network>();
  readonly #noted = new Set<string>();
  #last: Loaded | undefined;

  static async create(io: Io, options: HostOptions): Promise<Host> {
    const registry = new Registry();
    for (const { default: plugin } of await Promise.all(BUNDLED.map((load) => load()))) registry.add(plugin);
    return new Host(io, registry, options);
  }

  private constructor(io: Io, registry: Registry, options: HostOptions) {
    this.io = io;
    this.registry = registry;
    this.#options = options;
    this.loader = new SettingsLoader(io, () => this.session.values);
    this.session = new SessionState({
      interactive: options.interactive,
      settings: () => this.#settingsNow(),
      fileValues: () => this.loader.fileValues(),
      contexts: () => this.loader.contexts(),
      tokenOrigin: () => "by precedence, see whoami",
      history: options.history ?? (() => []),
      setPrivate: options.setPrivate ?? (() => {}),
    });
  }

  /** Runs one command's words; failures are shown and become the exit status. Never throws. */
  async run(words: readonly Word[], out: Sink, err: Sink, signal: AbortSignal, line?: string): Promise<number> {
    const globals = this.globalsOf(words);
    const cancel = new AbortController();
    const onAbort = (): void => cancel.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    let settings = plainRendering(this.io, globals, out, err);
    try {
      settings = await rendering(this.io, this.loader, globals, out, err);
      const script = await this.#script(words, cancel.signal);
      if (script !== undefined) return script;
      const { outcome, rendered } = await this.#answer(words, settings, cancel.signal);
      return await this.#status(outcome, rendered, globals, signal, settings);
    } catch (error) {
      if (error instanceof ClosedSink) return 0;
      const failure = signal.aborted ? new PactError("interrupted", "interrupted", { cause: error }) : asPactError(error);
      return await this.#failed(await this.#advised(failure, err), settings, line);
    } finally {
      signal.removeEventListener("abort", onAbort);
      cancel.abort();
    }
  }

  /** Runs and shows a command. In a shell on a terminal a login that ends meanwhile is renewed by the person there. */
  async #answer(words: readonly Word[], settings: RenderSettings, signal: AbortSignal): Promise<Answer> {
    // A document is kept or sourced as it is: only a flag makes JSON of it, no setting.
    const asIs = this.globalsOf(words).output === undefined ? { format: "text" } as const : {};
    const run = async (out: Sink, relogin?: Relogin): Promise<Answer> => {
      const outcome = await dispatch(words, this.#engine(settings.err, relogin), signal);
      return { outcome, rendered: await render(outcome.result, { ...settings, out, ...(outcome.result.kind === "document" ? asIs : {}) }) };
    };
    if (this.#options.terminal === undefined || !this.io.stdinTty || !this.io.stderrTty) return await run(settings.out);
    const { attended } = await import("./relogin.ts");
    const person = { tell: (line: string) => void this.#note(settings.err, line, false), ask: (question: string) => this.#ask(question, false) };
    return await attended(person, settings.out, signal, run);
  }

  /** The flags of a line over those the shell was started with. */
  globalsOf(words: readonly Word[]): GlobalValues {
    return { ...peekGlobals(this.#options.defaults ?? []), ...peekGlobals(words) };
  }

  /** vCluster and node as commands would use them now; the implicit host node is not a selection. */
  selection(): { readonly vcluster: string | undefined; readonly node: string | undefined } {
    try {
      const { vcluster, node } = this.loader.resolved(this.globalsOf([])).settings;
      return { vcluster: vcluster?.value, node: node?.from === "host" ? undefined : node?.value };
    } catch {
      return { vcluster: undefined, node: undefined };
    }
  }

  catalog(): Catalog {
    return createCatalog(this.registry, this.session.interactive);
  }

  /** Shows a failure that came before any command, such as a line that does not parse. */
  async show(failure: PactError, err: Sink, line?: string): Promise<void> {
    await this.#failed(failure, await rendering(this.io, this.loader, this.globalsOf([]), err, err), line);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#networks.values()].map((network) => network.close()));
    this.#networks.clear();
  }

  /** The services of the settings in force between lines, for completion and the prompt. */
  async background(): Promise<Network | undefined> {
    try {
      const loaded = await this.loader.load({}, true);
      return this.#network(loaded, { write: async () => {}, width: undefined, color: false }, true);
    } catch {
      return undefined;
    }
  }

  /** `run FILE` is carried out here, because its lines need a session; undefined for other commands. */
  async #script(words: readonly Word[], signal: AbortSignal): Promise<number | undefined> {
    const found = this.registry.find(words);
    if (found?.command.path !== "run") return undefined;
    const { default: command } = await found.command.entry.load();
    const { args, flags, globals } = bind(declared("run", command), found.rest);
    if (globals.help === true) return undefined;
    const { runFile } = await import("./script.ts");
    const defaults = [...(this.#options.defaults ?? []), ...found.rest];
    return await runFile(this.io, { name: String(args["file"]), keepGoing: flags["keepGoing"] === true, defaults }, signal);
  }

  /** Advice that takes another look at the cluster or at the tokens, after the failure. */
  async #advised(failure: PactError, err: Sink): Promise<PactError> {
    if (this.#last === undefined) return failure;
    if (failure.failure === "unauthenticated") return withSource(failure, await this.#network(this.#last, err, true).identity());
    if (failure.about.unknownNode === undefined) return failure;
    const { withNearNodes } = await import("./near-nodes.ts");
    return await withNearNodes(failure, this.#network(this.#last, err, true));
  }

  async #failed(failure: PactError, settings: RenderSettings, line: string | undefined): Promise<number> {
    try {
      if (failure.failure === "interrupted" && failure.message === "interrupted") await settings.err.write("interrupted\n");
      else {
        await renderFailure(failure, settings);
        if (line !== undefined && settings.format === "text") {
          for (const text of caretLines(line, failure)) await settings.err.write(`${text}\n`);
        }
      }
    } catch (error) {
      if (!(error instanceof ClosedSink)) throw error;
    }
    return exitOf([failure]);
  }

  async #status(outcome: Outcome, rendered: Rendered, globals: GlobalValues, signal: AbortSignal, settings: RenderSettings): Promise<number> {
    // A live view has no end of its own: stopping it is how one ends it.
    const isLive = outcome.result.kind === "rows" && outcome.result.live;
    const { problems } = rendered;
    if (signal.aborted && !isLive && problems.some(({ failure }) => failure === "interrupted")) return exitOf(problems);
    if (signal.aborted && !isLive) return await this.#failed(new PactError("interrupted", "interrupted"), settings, undefined);
    if (globals.partialOk === true && rendered.answered > 0) return 0;
    if (globals.remoteRc === true && problems.length > 0 && problems.every(({ failure }) => failure === "remoteExit")) {
      return remoteExitOf(problems);
    }
    return exitOf(problems);
  }

  #engine(err: Sink, relogin: Relogin | undefined) {
    return {
      registry: this.registry,
      interactive: this.session.interactive,
      readOnly: (globals: GlobalValues) => globals.readOnly === true || this.globalsOf([]).readOnly === true || this.session.values.readOnly === true,
      prepare: async (given: GlobalValues, command: Command<any, any>, path: string, signal: AbortSignal) => {
        const globals = { ...peekGlobals(this.#options.defaults ?? []), ...given };
        const loaded = await this.#load(globals, command.effect === "local" && command.role === "anyone", err);
        await relogin?.before(command, path, globals, loaded.settings.endpoint.value, this.#network(loaded, err, globals.quiet === true), signal);
        return this.#services(globals, loaded, err);
      },
    };
  }

  #services(globals: GlobalValues, loaded: Loaded, err: Sink): Omit<Call<Params, Params>, "args" | "flags" | "signal"> {
    const { settings } = loaded;
    const network = (): Network => this.#network(loaded, err, globals.quiet === true);
    const client = () => network().client();
    return {
      journal: async () => (await client()).journal,
      enrollment: async () => (await client()).enrollment,
      policy: async () => (await client()).policy,
      agents: async () => (await client()).agents,
      identity: () => network().identity(),
      terminal: this.#options.terminal ?? (() => oneShotTerminal(this.io)),
      catalog: () => this.catalog(),
      session: () => this.session,
      site: () => ({ defaultDir: this.loader.paths.site }),
      probe: () => this.#probe(loaded, err),
      scope: { vcluster: settings.vcluster, node: settings.node },
      note: (message) => void this.#note(err, message, globals.quiet === true),
      options: {
        format: settings.output.value,
        yes: globals.yes === true,
        dryRun: globals.dryRun === true,
        noWait: globals.noWait === true,
        remoteRc: globals.remoteRc === true,
        nodeTimeoutS: settings.nodeTimeoutS.value,
        width: 50,
      },
      stdin: () => (this.io.stdinTty ? Promise.resolve(undefined) : readInput(this.io.input)),
    };
  }

  async #load(globals: GlobalValues, lenient: boolean, err: Sink): Promise<Loaded> {
    const loaded = await this.loader.load(globals, lenient);
    for (const warning of loaded.warnings) await this.#once(err, `warning: ${warning}`);
    this.#last = loaded;
    return loaded;
  }

  #network(loaded: Loaded, err: Sink, quiet: boolean): Network {
    const key = networkKey(loaded.settings);
    const known = this.#networks.get(key);
    if (known !== undefined) return known;
    const { io } = this;
    const created = createNetwork({
      settings: loaded.settings,
      site: loaded.site,
      paths: this.loader.paths,
      env: io.env,
      now: io.now,
      note: (line) => void this.#note(err, line, quiet),
      debug: (line) => void (this.loader.debug ? this.#note(err, `debug: ${line}`, false) : undefined),
      ask: io.stdinTty && io.stderrTty ? (question, secret) => this.#ask(question, secret) : undefined,
    });
    this.#networks.set(key, created);
    return created;
  }

  /** A fresh look at everything: what earlier lines learned may be what is wrong. */
  async #probe({ settings, site, globals }: Loaded, err: Sink): Promise<Probe> {
    const { createProbe } = await import("./probe.ts");
    const { io, loader } = this;
    return createProbe({
      io, settings, site,
      paths: loader.paths,
      env: io.env,
      now: io.now,
      debug: (line) => void (loader.debug ? this.#note(err, `debug: ${line}`, false) : undefined),
      strict: () => loader.load(globals, false),
    });
  }

  async #ask(question: string, secret: boolean): Promise<string> {
    const { ask } = await import("./ask.ts");
    const giveBack = this.#options.lend?.();
    try {
      return await ask(question, secret);
    } finally {
      giveBack?.();
    }
  }

  #settingsNow(): Settings {
    if (this.#last === undefined) throw new PactError("internal", "settings are not loaded yet");
    return this.loader.resolved(this.#last.globals).settings;
  }

  async #note(err: Sink, message: string, quiet: boolean): Promise<void> {
    if (quiet) return;
    await err.write(`${message}\n`).catch(() => {});
  }

  async #once(err: Sink, message: string): Promise<void> {
    if (this.#noted.has(message)) return;
    this.#noted.add(message);
    await this.#note(err, message, false);
  }
}
