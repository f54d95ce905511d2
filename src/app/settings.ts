// Settings by precedence: flag > session > environment > user file > system file >
// running site > default. Each keeps its origin.
import { hostname } from "node:os";
import { FORMATS, ID_PATTERN, type Format, type Origin, PactError, type Setting } from "../api/index.ts";
import type { GlobalValues } from "../core/globals.ts";
import type { ConfigFile } from "./files.ts";
import { type Paths, expandHome } from "./paths.ts";
import type { RunningSite } from "./running-site.ts";

/** What `use` and `set` changed in this shell. */
export interface SessionValues {
  readonly endpoint?: string | undefined;
  readonly vcluster?: string | undefined;
  readonly node?: string | undefined;
  readonly output?: string | undefined;
  readonly timeout?: string | undefined;
  readonly color?: string | undefined;
  readonly readOnly?: boolean | undefined;
}

export interface Sources {
  readonly globals: GlobalValues;
  readonly session: SessionValues;
  readonly env: NodeJS.ProcessEnv;
  /** User file first. */
  readonly files: readonly ConfigFile[];
  readonly site: RunningSite | undefined;
  /** Server of the first login. */
  readonly firstLogin?: string | undefined;
  readonly paths: Paths;
}

export const DEFAULT_ENDPOINT = "http://localhost:9443";
const DEFAULT_TIMEOUT_S = 30;
const DEFAULT_NODE_TIMEOUT_S = 5;
const DEFAULT_TEMPLATE = "http://{node}:9445";

export interface Settings {
  readonly endpoint: Setting<string>;
  readonly token: Setting<string> | undefined;
  readonly tokenPath: Setting<string> | undefined;
  readonly vcluster: Setting<string> | undefined;
  readonly node: Setting<string> | undefined;
  readonly output: Setting<Format>;
  readonly timeoutS: Setting<number>;
  readonly nodeTimeoutS: Setting<number>;
  readonly agentTemplate: Setting<string>;
  readonly agentMap: Readonly<Record<string, string>>;
  readonly requireTls: Setting<boolean>;
  readonly tls: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
  readonly auth: { readonly idpUrl?: string; readonly clientId?: string; readonly scopes?: string[]; readonly resource?: string; readonly callbackPort?: number };
  readonly readOnly: boolean;
}

type Candidate<T> = { value: T | undefined; from: Origin; where: string };

const first = <T>(...candidates: Candidate<T>[]): Setting<T> | undefined => {
  const found = candidates.find(({ value }) => value !== undefined && value !== "");
  return found === undefined ? undefined : { value: found.value as T, from: found.from, where: found.where };
};

/** Candidates of one key over the files: the user's first, then the system's. */
const fromFiles = <T>(files: readonly ConfigFile[], key: string): Candidate<T>[] =>
  files.map((file, at) => {
    const found = file.values.get(key);
    return { value: found?.value as T | undefined, from: at === 0 && file.path !== "/etc/pact/cli.toml" ? "file" : "system file", where: found?.where ?? file.path };
  });

const fileValue = <T>(files: readonly ConfigFile[], key: string): T | undefined =>
  first<T>(...fromFiles<T>(files, key))?.value;

const required = <T>(setting: Setting<T> | undefined): Setting<T> => {
  if (setting === undefined) throw new PactError("internal", "a setting without a default");
  return setting;
};

function formatOf(setting: Setting<string>): Setting<Format> {
  const found = FORMATS.find((format) => format === setting.value);
  if (found === undefined) {
    throw new PactError("usage", `${setting.where}: no output format called ${JSON.stringify(setting.value)}`, { hint: FORMATS.join(", ") });
  }
  return { ...setting, value: found };
}

function checkId(setting: Setting<string> | undefined, what: string): Setting<string> | undefined {
  if (setting !== undefined && !ID_PATTERN.test(setting.value)) {
    throw new PactError("usage", `${setting.where}: ${JSON.stringify(setting.value.slice(0, 80))} is not a ${what} name`);
  }
  return setting;
}

/** Current node (decision order): flag > use > PACT_NODE > default_node > this host where it is enrolled. */
function nodeSetting({ globals, session, env, files, site }: Sources): Setting<string> | undefined {
  const explicit = first<string>(
    { value: globals.node, from: "flag", where: "--node" },
    ...(globals.vcluster !== undefined ? [] : [
      { value: session.node, from: "session" as const, where: "use" },
      { value: env["PACT_NODE"], from: "env" as const, where: "PACT_NODE" },
      ...fromFiles<string>(files, "default_node"),
    ]),
  );
  if (explicit !== undefined || globals.vcluster !== undefined) return checkId(explicit, "node");
  const host = site?.file.nodes.find(({ kind }) => kind === "host")?.node_id;
  return first<string>({ value: host, from: "host", where: `this host (${hostname()})` });
}

/** All settings of one run. Throws usage for values that make no sense. */
export function resolveSettings(sources: Sources): Settings {
  const { globals, session, env, files, site, paths } = sources;
  const output = required(first<string>(
    { value: globals.output, from: "flag", where: "--output" },
    { value: session.output, from: "session", where: "set output" },
    { value: env["PACT_OUTPUT"], from: "env", where: "PACT_OUTPUT" },
    ...fromFiles<string>(files, "output_format"),
    { value: "text", from: "default", where: "default" },
  ));
  const tokenPath = first<string>(...fromFiles<string>(files, "token_path"));
  const path = (key: string): string | undefined => {
    const value = fileValue<string>(files, key);
    return value === undefined ? undefined : expandHome(value, paths.home);
  };
  return {
    endpoint: required(first<string>(
      { value: globals.endpoint, from: "flag", where: "--endpoint" },
      { value: session.endpoint, from: "session", where: "set endpoint" },
      { value: env["PACT_ENDPOINT"], from: "env", where: "PACT_ENDPOINT" },
      ...fromFiles<string>(files, "endpoint"),
      { value: site?.file.journal.grpc, from: "site", where: `the site in ${site?.dir ?? ""}` },
      { value: sources.firstLogin, from: "login", where: "the first login" },
      { value: DEFAULT_ENDPOINT, from: "default", where: "default" },
    )),
    token: first<string>(
      { value: globals.token, from: "flag", where: "--token" },
      { value: env["PACT_TOKEN"], from: "env", where: "PACT_TOKEN" },
    ),
    tokenPath: tokenPath === undefined ? undefined : { ...tokenPath, value: expandHome(tokenPath.value, paths.home) },
    vcluster: checkId(first<string>(
      { value: globals.vcluster, from: "flag", where: "--vcluster" },
      { value: session.vcluster, from: "session", where: "use" },
      { value: env["PACT_VCLUSTER"], from: "env", where: "PACT_VCLUSTER" },
      ...fromFiles<string>(files, "default_vcluster"),
    ), "vCluster"),
    node: nodeSetting(sources),
    output: formatOf(output),
    timeoutS: required(first<number>(
      { value: globals.timeout, from: "flag", where: "--timeout" },
      { value: session.timeout === undefined ? undefined : Number(session.timeout), from: "session", where: "set timeout" },
      ...fromFiles<number>(files, "timeout_seconds"),
      { value: DEFAULT_TIMEOUT_S, from: "default", where: "default" },
    )),
    nodeTimeoutS: required(first<number>(
      { value: globals.nodeTimeout, from: "flag", where: "--node-timeout" },
      { value: DEFAULT_NODE_TIMEOUT_S, from: "default", where: "default" },
    )),
    agentTemplate: required(first<string>(...fromFiles<string>(files, "agent_endpoint"), { value: DEFAULT_TEMPLATE, from: "default", where: "default" })),
    agentMap: agentMap(files),
    requireTls: required(first<boolean>(...fromFiles<boolean>(files, "agents.require_tls"), { value: false, from: "default", where: "default" })),
    tls: withoutUndefined({ caFile: path("tls.ca_file"), certFile: path("tls.cert_file"), keyFile: path("tls.key_file") }),
    auth: withoutUndefined({
      idpUrl: fileValue<string>(files, "auth.idp_url"),
      clientId: fileValue<string>(files, "auth.client_id"),
      scopes: fileValue<string[]>(files, "auth.scopes"),
      resource: fileValue<string>(files, "auth.resource"),
      callbackPort: fileValue<number>(files, "auth.callback_port"),
    }),
    readOnly: globals.readOnly === true || session.readOnly === true,
  };
}

function agentMap(files: readonly ConfigFile[]): Record<string, string> {
  const map: Record<string, string> = {};
  for (const file of [...files].reverse()) {
    for (const [key, { value }] of file.values) {
      if (key.startsWith("agents.") && key !== "agents.require_tls") map[key.slice("agents.".length)] = String(value);
    }
  }
  return map;
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };
const withoutUndefined = <T extends object>(value: T): Defined<T> =>
  Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as Defined<T>;
