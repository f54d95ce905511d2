// DIR/site.toml: read and checked into SiteConfig. Every complaint names the file and the line.
import { parse, TomlError } from "smol-toml";
import type { AgentLimits, SiteClient, SiteConfig, SiteNodeConfig, SiteUser, SiteVcluster } from "./parts.ts";
import { SITE_ID } from "./site-id.ts";

const ROLE = /^[A-Za-z][A-Za-z0-9._-]{0,126}$/;
/** Names that mean "this machine" in commands, so no virtual node may have them. */
export const RESERVED_NODE_NAMES: ReadonlySet<string> = new Set(["local", "localhost"]);

export const AGENT_DEFAULTS: AgentLimits = {
  whitelistMode: "strict",
  watchFiles: ["/etc/**"],
  watchSysctl: [
    "fs.file-max", "kernel.panic", "net.core.somaxconn", "net.ipv4.ip_forward", "vm.max_map_count",
    "vm.nr_hugepages", "vm.overcommit_memory", "vm.swappiness",
  ],
  execOutputLimit: 10 * 1024 * 1024,
  execTimeoutS: 300,
  maxSessions: 10,
};

/** site.toml says something that cannot be; the message begins with FILE:LINE. */
export class ConfigError extends Error {
  constructor(file: string, line: number, what: string) {
    super(`${file}:${line}: ${what}`);
    this.name = "ConfigError";
  }
}

/** Finds lines again after parsing: the parser's values do not know where they stood. */
class Source {
  readonly file: string;
  readonly #lines: readonly string[];

  constructor(file: string, text: string) {
    this.file = file;
    this.#lines = text.split(/\r?\n/);
  }

  /** Line of the nth table of a name, or of a key in it; 1 where it cannot be found. */
  line(table: string, nth: number, key?: string): number {
    const header = new RegExp(`^\\s*\\[\\[?\\s*${table}\\s*\\]\\]?`);
    let seen = -1;
    let at = 1;
    for (const [index, text] of this.#lines.entries()) {
      if (/^\s*\[/.test(text)) seen += header.test(text) ? 1 : 0;
      if (seen < nth) continue;
      if (at === 1) at = index + 1;
      else if (/^\s*\[/.test(text)) break;
      if (key !== undefined && new RegExp(`^\\s*"?${key.replace(/[^\w-]/g, "\\$&")}"?\\s*[=.]`).test(text)) return index + 1;
    }
    return at;
  }

  /** Line of a table or key at the top. */
  top(key: string): number {
    const found = this.#lines.findIndex((text) => new RegExp(`^\\s*(\\[\\[?\\s*)?"?${key.replace(/[^\w-]/g, "\\$&")}\\b`).test(text));
    return found + 1 || 1;
  }
}

const SIZE_UNITS: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** 1024 → `1KiB`. */
function sizeText(bytes: number): string {
  const [unit, factor] = Object.entries(SIZE_UNITS).findLast(([, one]) => bytes % one === 0) ?? ["", 1];
  return `${bytes / factor}${unit}`;
}

/** One table of the file, read key by key; complains about what it was not asked for. */
class Table {
  readonly #source: Source;
  readonly #name: string;
  readonly #nth: number;
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(source: Source, name: string, nth: number, values: Readonly<Record<string, unknown>>, known: readonly string[]) {
    this.#source = source;
    this.#name = name;
    this.#nth = nth;
    this.#values = values;
    for (const key of Object.keys(values)) {
      if (!known.includes(key)) this.fail(key, `unknown key "${key}" in ${name}; known: ${known.join(", ") || "none"}`);
    }
  }

  fail(key: string | undefined, what: string): never {
    throw new ConfigError(this.#source.file, this.#source.line(this.#name, this.#nth, key), what);
  }

  text(key: string, pattern: RegExp, what: string, fallback?: string): string {
    const value = this.#values[key] ?? fallback;
    if (value === undefined) this.fail(undefined, `${this.#name} needs ${key}`);
    if (typeof value !== "string" || !pattern.test(value)) this.fail(key, `${key} must be ${what}`);
    return value;
  }

  choice<const C extends string>(key: string, choices: readonly C[], fallback: C): C {
    const value = this.#values[key] ?? fallback;
    const found = choices.find((one) => one === value);
    if (found === undefined) this.fail(key, `${key} must be one of ${choices.join(", ")}`);
    return found;
  }

  yes(key: string): boolean {
    const value = this.#values[key] ?? false;
    if (typeof value !== "boolean") this.fail(key, `${key} must be true or false`);
    return value;
  }

  count(key: string, least: number, most: number, fallback: number): number {
    const value = this.#values[key] ?? fallback;
    if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
      this.fail(key, `${key} must be a whole number from ${least} to ${most}`);
    }
    return value;
  }

  /** Bytes: a whole number, or a text such as "10MiB". */
  size(key: string, least: number, most: number, fallback: number): number {
    const value = this.#values[key];
    const [, digits, unit = ""] = typeof value === "string" ? (/^(\d{1,10}) ?([KMG]iB)?$/.exec(value) ?? []) : [];
    const bytes = digits === undefined ? (value ?? fallback) : Number(digits) * (SIZE_UNITS[unit] ?? 1);
    if (typeof bytes !== "number" || !Number.isInteger(bytes) || bytes < least || bytes > most) {
      this.fail(key, `${key} must be a size from ${sizeText(least)} to ${sizeText(most)}, such as 65536, "10MiB" or "1GiB"`);
    }
    return bytes;
  }

  list(key: string, pattern: RegExp, what: string, fallback: readonly string[]): readonly string[] {
    const value = this.#values[key] ?? fallback;
    if (!Array.isArray(value)) this.fail(key, `${key} must be a list of ${what}`);
    return value.map((one: unknown) => {
      if (typeof one !== "string" || !pattern.test(one)) this.fail(key, `${key} must hold ${what} only`);
      return one;
    });
  }
}

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);

function tables(source: Source, top: Readonly<Record<string, unknown>>, name: string, known: readonly string[]): Table[] {
  const value = top[name] ?? [];
  if (!Array.isArray(value) || !value.every(isTable)) throw new ConfigError(source.file, source.top(name), `write [[${name}]], once for each`);
  return value.map((one: Record<string, unknown>, nth) => new Table(source, name, nth, one, known));
}

function table(source: Source, top: Readonly<Record<string, unknown>>, name: string, known: readonly string[]): Table {
  const value = top[name] ?? {};
  if (!isTable(value)) throw new ConfigError(source.file, source.top(name), `${name} must be a table: [${name}]`);
  return new Table(source, name, 0, value, known);
}

const ID_WORDS = 'a name of letters, digits, ".", "_" and "-", at most 63';

/** Refuses a second one of the same name. */
function unique<T>(all: readonly (readonly [Table, T])[], key: string, nameOf: (one: T) => string): T[] {
  const seen = new Set<string>();
  return all.map(([at, one]) => {
    const name = nameOf(one);
    if (seen.has(name)) at.fail(key, `"${name}" is there twice`);
    seen.add(name);
    return one;
  });
}

function readUsers(source: Source, top: Readonly<Record<string, unknown>>): SiteUser[] {
  const all = tables(source, top, "user", ["name", "role", "principal_type"]).map((at) => [at, {
    name: at.text("name", SITE_ID, ID_WORDS),
    role: at.text("role", ROLE, "a role such as pact-ops-ml-training"),
    principalType: at.choice("principal_type", ["human", "agent", "service"], "human"),
  }] as const);
  return unique(all, "name", (one) => one.name);
}

function readClients(source: Source, top: Readonly<Record<string, unknown>>, users: readonly SiteUser[]): SiteClient[] {
  const all = tables(source, top, "client", ["id", "role"]).map((at) => {
    const id = at.text("id", SITE_ID, ID_WORDS);
    // Both are principals in the journal: one name must not mean two.
    if (users.some((user) => user.name === id)) at.fail("id", `"${id}" is a user already`);
    return [at, { id, role: at.text("role", ROLE, "a role such as pact-ops-ml-training") }] as const;
  });
  return unique(all, "id", (one) => one.id);
}

function readVclusters(source: Source, top: Readonly<Record<string, unknown>>): SiteVcluster[] {
  const all = tables(source, top, "vcluster", ["name", "regulated", "two_person_approval"]).map((at) => [at, {
    name: at.text("name", SITE_ID, ID_WORDS),
    regulated: at.yes("regulated"),
    twoPersonApproval: at.yes("two_person_approval"),
  }] as const);
  return unique(all, "name", (one) => one.name);
}

function readNodes(source: Source, top: Readonly<Record<string, unknown>>, vclusters: readonly SiteVcluster[]): SiteNodeConfig[] {
  let host: string | undefined;
  const all = tables(source, top, "node", ["name", "vcluster", "kind"]).map((at) => {
    const name = at.text("name", SITE_ID, ID_WORDS);
    const kind = at.choice("kind", ["host", "virtual"], "virtual");
    const vcluster = at.text("vcluster", SITE_ID, ID_WORDS);
    if (!vclusters.some((one) => one.name === vcluster)) at.fail("vcluster", `there is no vcluster "${vcluster}"`);
    if (kind === "virtual" && RESERVED_NODE_NAMES.has(name)) at.fail("name", `"${name}" always means this machine`);
    if (kind === "host" && host !== undefined) at.fail("kind", `"${host}" is the host already; there is one`);
    if (kind === "host") host = name;
    return [at, { name, vcluster, kind }] as const;
  });
  if (all.length > 10_000) throw new ConfigError(source.file, source.top("node"), "a site has at most 10000 nodes");
  return unique(all, "name", (one) => one.name);
}

function readAgent(source: Source, top: Readonly<Record<string, unknown>>): AgentLimits {
  const known = ["whitelist_mode", "watch_files", "watch_sysctl", "exec_output_limit", "exec_timeout_seconds", "max_sessions"];
  const at = table(source, top, "agent", known);
  const d = AGENT_DEFAULTS;
  return {
    whitelistMode: at.choice("whitelist_mode", ["strict", "learning", "bypass"], d.whitelistMode),
    watchFiles: at.list("watch_files", /^\/(?!.*(^|\/)\.\.(\/|$)).{1,400}$/, "absolute paths or globs without ..", d.watchFiles),
    watchSysctl: at.list("watch_sysctl", /^[a-z0-9_][A-Za-z0-9_.:/-]{0,200}$/, "sysctl keys such as vm.swappiness", d.watchSysctl),
    execOutputLimit: at.size("exec_output_limit", 1024, 1024 ** 3, d.execOutputLimit),
    execTimeoutS: at.count("exec_timeout_seconds", 1, 86_400, d.execTimeoutS),
    maxSessions: at.count("max_sessions", 0, 1000, d.maxSessions),
  };
}

/** Checks the text of a site.toml; `file` is its name in messages. Throws ConfigError. */
export function readConfig(text: string, file: string): SiteConfig {
  const source = new Source(file, text);
  let top: Readonly<Record<string, unknown>>;
  try {
    top = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const what = error.message.split("\n")[0]?.replace(/^Invalid TOML document: /, "") ?? "not TOML";
    throw new ConfigError(file, error.line, `${what} (column ${error.column})`);
  }
  const known = ["site", "user", "client", "vcluster", "node", "agent", "limits"];
  for (const key of Object.keys(top)) {
    if (!known.includes(key)) throw new ConfigError(file, source.top(key), `unknown key "${key}"; known: ${known.join(", ")}`);
  }
  table(source, top, "limits", []);
  const users = readUsers(source, top);
  const vclusters = readVclusters(source, top);
  const site = table(source, top, "site", ["default_user"]);
  const defaultUser = site.text("default_user", SITE_ID, ID_WORDS);
  if (!users.some((user) => user.name === defaultUser)) site.fail("default_user", `there is no user "${defaultUser}"`);
  return {
    defaultUser,
    users,
    clients: readClients(source, top, users),
    vclusters,
    nodes: readNodes(source, top, vclusters),
    agent: readAgent(source, top),
  };
}
