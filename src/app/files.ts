// cli.toml: read when there is one, checked key by key. A file that cannot be
// understood is refused with the place; a key nobody knows is a warning.
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { PactError, FORMATS } from "../api/index.ts";
import { nearest } from "../core/suggest.ts";

type Check = "string" | "seconds" | "format" | "strings" | "endpoints" | "port" | "boolean";

/** Every key that means something, with what it must be. */
const KEYS: Readonly<Record<string, Check>> = {
  endpoint: "string", default_vcluster: "string", output_format: "format", timeout_seconds: "seconds", token_path: "string",
  default_node: "string", agent_endpoint: "string", node_manager: "string", plugins: "strings",
  "auth.idp_url": "string", "auth.client_id": "string", "auth.scopes": "strings", "auth.resource": "string", "auth.callback_port": "port",
  "tls.ca_file": "string", "tls.cert_file": "string", "tls.key_file": "string",
  "lattice.endpoint": "string",
};
const CONTEXT_KEYS: Readonly<Record<string, Check>> = {
  endpoint: "string", vcluster: "string", node: "string", output: "format", read_only: "boolean",
};

export interface FileValue {
  readonly value: unknown;
  /** `FILE:LINE`. */
  readonly where: string;
}
export interface ConfigFile {
  readonly path: string;
  readonly values: ReadonlyMap<string, FileValue>;
  readonly warnings: readonly string[];
}

const EXPECTED: Readonly<Record<Check, (value: unknown) => string | undefined>> = {
  string: (value) => (typeof value === "string" && value !== "" ? undefined : "a text that is not empty"),
  seconds: (value) => (typeof value === "number" && value > 0 && value <= 86_400 ? undefined : "a number of seconds from 1 to 86400"),
  format: (value) => (FORMATS.some((format) => format === value) ? undefined : `one of ${FORMATS.join(", ")}`),
  strings: (value) => (Array.isArray(value) && value.every((item) => typeof item === "string") ? undefined : "a list of texts"),
  endpoints: (value) => (typeof value === "string" ? undefined : "a URL"),
  port: (value) => (Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536 ? undefined : "a port number"),
  boolean: (value) => (typeof value === "boolean" ? undefined : "true or false"),
};

function lineOf(text: string, key: string): number {
  const last = key.split(".").at(-1) ?? key;
  const pattern = new RegExp(`^\\s*(?:"${last.replace(/[^\w-]/g, "\\$&")}"|${last.replace(/[^\w-]/g, "\\$&")})\\s*=`);
  const at = text.split("\n").findIndex((line) => pattern.test(line));
  return at < 0 ? 1 : at + 1;
}

function flatten(table: Readonly<Record<string, unknown>>, prefix = ""): [string, unknown][] {
  return Object.entries(table).flatMap(([key, value]): [string, unknown][] =>
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date)
      ? flatten(value as Record<string, unknown>, `${prefix}${key}.`)
      : [[prefix + key, value]]);
}

function checkOf(key: string): Check | undefined {
  if (key === "agents.require_tls") return "boolean";
  if (key.startsWith("agents.")) return "endpoints";
  const context = /^context\.[^.]+\.(.+)$/.exec(key);
  return context?.[1] !== undefined ? CONTEXT_KEYS[context[1]] : KEYS[key];
}

/** More than anybody writes, in bytes. */
const MOST_BYTES = 1024 * 1024;

/** A pipe or a device in its place is neither waited for nor read without end. */
function readPlain(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(file);
    const why = !stat.isFile() ? "it is not a plain file" : stat.size > MOST_BYTES ? "it is larger than 1 MiB" : undefined;
    if (why !== undefined) throw new PactError("usage", `cannot read ${path}`, { reason: why });
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

/** Reads one file; undefined when there is none. */
export async function readConfig(path: string): Promise<ConfigFile | undefined> {
  let text: string;
  try {
    // Synchronous: a small file, and the promised kind of fs costs a start more than the read.
    text = readPlain(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    if (error instanceof PactError) throw error;
    throw new PactError("usage", `cannot read ${path}`, { reason: code === "EACCES" ? "no permission to read it" : code, cause: error });
  }
  const { parse, TomlError } = await import("smol-toml");
  let table: Record<string, unknown>;
  try {
    table = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what = "not TOML"] = error.message.split("\n");
    throw new PactError("usage", `${path}:${error.line}:${error.column} is not TOML`, {
      reason: what.replace(/^Invalid TOML document: /, ""), hint: `mend line ${error.line}: ${(text.split("\n")[error.line - 1] ?? "").trim().slice(0, 60)}`,
    });
  }
  const values = new Map<string, FileValue>();
  const warnings: string[] = [];
  for (const [key, value] of flatten(table)) {
    const where = `${path}:${lineOf(text, key)}`;
    const check = checkOf(key);
    if (check === undefined) {
      const close = nearest(key, Object.keys(KEYS));
      warnings.push(`${where}: unknown key "${key}"${close.length > 0 ? `, did you mean ${close.join(", ")}?` : ""}`);
      continue;
    }
    const expected = EXPECTED[check](value);
    if (expected !== undefined) {
      throw new PactError("usage", `${where}: ${key} must be ${expected}`, { reason: `it is ${JSON.stringify(value)?.slice(0, 60)}` });
    }
    values.set(key, { value, where });
  }
  return { path, values, warnings };
}
