// Flags that every command understands, anywhere before ` -- `. A command that
// declares a flag of the same name takes it over.
import { type Kind, type Param, flag, on, FORMATS, values } from "../api/index.ts";

const color = values.choice("WHEN", "always", "never", "auto");
const format = values.choice("FORMAT", ...FORMATS);
const fields: Kind<string> = { name: "fields", placeholder: "A,B", parse: (word) => word };

export const GLOBALS = {
  endpoint: flag(values.url, "journal gRPC endpoint (PACT_ENDPOINT)"),
  token: flag(values.secret, "OIDC bearer token; - reads stdin, @FILE a file (PACT_TOKEN)"),
  vcluster: flag(values.vcluster, "vCluster to act in (PACT_VCLUSTER)"),
  output: flag(format, `output format: ${FORMATS.join(", ")} (PACT_OUTPUT)`),
  node: flag(values.node, "current node (PACT_NODE)"),
  fields: flag(fields, "show only these fields"),
  color: flag(color, "colour: always, never or auto"),
  timeout: flag(values.duration, "longest wait for the journal"),
  nodeTimeout: flag(values.duration, "longest wait for one node"),
  yes: on("answer y/N questions with yes"),
  dryRun: on("say what would happen, change nothing"),
  noWait: on("do not wait for an approval"),
  remoteRc: on("exec: exit with the remote status"),
  partialOk: on("exit 0 although some targets failed"),
  readOnly: on("refuse every write in this run"),
  noPlugins: on("leave out plugins that are not part of pact"),
  quiet: on("answers and errors only", { short: "q" }),
  verbose: on("say more on stderr; twice for stacks", { short: "v" }),
  help: on("explain the command", { short: "h" }),
  version: on("print the version", { short: "V" }),
} as const satisfies Readonly<Record<string, Param<any>>>;

export type GlobalName = keyof typeof GLOBALS;

/** Values of the global flags of one line; absent when not given. `verbose` counts. */
export interface GlobalValues {
  readonly endpoint?: string;
  readonly token?: string;
  readonly vcluster?: string;
  readonly output?: string;
  readonly node?: string;
  readonly fields?: string;
  readonly color?: "always" | "never" | "auto";
  readonly timeout?: number;
  readonly nodeTimeout?: number;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly noWait?: boolean;
  readonly remoteRc?: boolean;
  readonly partialOk?: boolean;
  readonly readOnly?: boolean;
  readonly noPlugins?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: number;
  readonly help?: boolean;
  readonly version?: boolean;
}

/** `remoteRc` → `remote-rc`. */
export const dashed = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Flags of a table by the text one types: `--dry-run`, `-n`. */
export function flagTable(params: Readonly<Record<string, Param<any>>>): Map<string, { key: string; param: Param<any> }> {
  const table = new Map<string, { key: string; param: Param<any> }>();
  for (const [key, param] of Object.entries(params)) {
    table.set(`--${dashed(key)}`, { key, param });
    if (param.short !== undefined) table.set(`-${param.short}`, { key, param });
  }
  return table;
}

/** The table of the global flags, which every line asks for several times. */
export const GLOBAL_FLAGS: ReadonlyMap<string, { readonly key: string; readonly param: Param<any> }> = flagTable(GLOBALS);
