// Runs a line of a plugin's commands against services of the test's choosing, and
// shows what an operator would have seen.
import { type Call, type Format, PactError, type Params, type Plugin, type Services, type Setting, asPactError, exitOf } from "../api/index.ts";
import { dispatch } from "../core/dispatch.ts";
import { lex } from "../core/lexer.ts";
import { Registry } from "../core/registry.ts";
import type { Sink } from "../core/sink.ts";
import { renderFailure } from "../render/failure.ts";
import { render } from "../render/renderer.ts";
import { PLAIN } from "../render/theme.ts";

export interface RunSettings {
  /** Services the command may use; one that is missing fails the run when it is asked for. */
  readonly services: Partial<Services>;
  readonly format?: Format;
  readonly vcluster?: Setting<string>;
  readonly node?: Setting<string>;
  readonly interactive?: boolean;
  readonly options?: Partial<Call["options"]>;
  readonly signal?: AbortSignal;
  readonly now?: () => Date;
  /** Called with what stdout holds whenever it grows: a live view has no end to wait for. */
  readonly onOutput?: (stdout: string) => void;
}

export interface CommandRun {
  readonly stdout: string;
  readonly stderr: string;
  /** The exit status an operator would get. */
  readonly status: number;
  readonly problems: readonly PactError[];
}

function collecting(grown: (text: string) => void = () => {}): Sink & { text(): string } {
  const parts: Buffer[] = [];
  return {
    width: undefined,
    color: false,
    async write(data) {
      parts.push(Buffer.from(data));
      grown(this.text());
    },
    text: () => Buffer.concat(parts).toString(),
  };
}

const OPTIONS: Call["options"] = { format: "text", yes: false, dryRun: false, noWait: false, remoteRc: false, nodeTimeoutS: 5, width: 50 };

/** A service nobody gave: asking for it is a defect of the test or of the command. */
const missing = (name: string) => (): never => {
  throw new PactError("internal", `the command asks for ${name}, which the test does not offer`);
};

function callOf(settings: RunSettings, note: (line: string) => void): Omit<Call<Params, Params>, "args" | "flags" | "signal"> {
  const names = ["journal", "enrollment", "policy", "agents", "identity", "terminal", "catalog", "session", "site", "probe"] as const;
  const services = Object.fromEntries(names.map((name) => [name, settings.services[name] ?? missing(name)])) as unknown as Services;
  return {
    ...services,
    // A run in memory has no terminal unless the test lends one.
    terminal: settings.services.terminal ?? (() => ({ interactive: false, lease: missing("a terminal") })),
    scope: { vcluster: settings.vcluster, node: settings.node },
    note,
    options: { ...OPTIONS, ...settings.options },
    stdin: async () => undefined,
  };
}

/** Runs one line, such as `status node-001`. Never throws for the command's failure. */
export async function runCommand(plugin: Plugin, line: string, settings: RunSettings): Promise<CommandRun> {
  const registry = new Registry();
  registry.add(plugin);
  const words = lex(line).tokens.filter((token) => token.kind === "word");
  const [out, err] = [collecting(settings.onOutput), collecting()];
  const shown = { format: settings.format ?? "text", errTheme: PLAIN, verbose: 0, err } as const;
  const signal = settings.signal ?? new AbortController().signal;
  const engine = {
    registry,
    interactive: settings.interactive ?? true,
    readOnly: () => false,
    prepare: async () => callOf(settings, (text) => void err.write(`${text}\n`)),
  };
  try {
    const { result } = await dispatch(words, engine, signal);
    const { problems } = await render(result, { ...shown, fields: undefined, now: settings.now ?? (() => new Date()), theme: PLAIN, quiet: false, out });
    return { stdout: out.text(), stderr: err.text(), status: exitOf(problems), problems };
  } catch (error) {
    const failure = asPactError(error);
    await renderFailure(failure, shown);
    return { stdout: out.text(), stderr: err.text(), status: exitOf([failure]), problems: [failure] };
  }
}
