// Reads what settings come from, once, and resolves them for each line.
import { createReadStream, existsSync } from "node:fs";
import { FORMATS, PactError } from "../api/index.ts";
import type { GlobalValues } from "../core/globals.ts";
import { type ConfigFile, type FileValue, readConfig } from "./files.ts";
import { readInput } from "./input.ts";
import type { Io } from "./io.ts";
import { type Paths, expandHome, pathsFrom } from "./paths.ts";
import { type RunningSite, runningSite } from "./running-site.ts";
import { type SessionValues, type Settings, resolveSettings } from "./settings.ts";

export interface Loaded {
  readonly settings: Settings;
  readonly site: RunningSite | undefined;
  readonly globals: GlobalValues;
  readonly warnings: readonly string[];
}

const TOKEN_LIMIT = 64 * 1024;
/** What stdin gave: it can be read once, and the lines of a script have a loader of their own. */
const TOKEN_INPUTS = new WeakMap<Io, Promise<string>>();

export class SettingsLoader {
  readonly paths: Paths;
  readonly #io: Io;
  readonly #session: () => SessionValues;
  #files: Promise<readonly ConfigFile[]> | undefined;
  #known: readonly ConfigFile[] = [];
  #firstLogin: string | undefined;

  constructor(io: Io, session: () => SessionValues) {
    this.#io = io;
    this.#session = session;
    this.paths = pathsFrom(io.env);
  }

  /** RUST_LOG asks for debug lines: a level, or `pact=LEVEL`. */
  get debug(): boolean {
    return /(^|[,=])(debug|trace)\b/.test(this.#io.env["RUST_LOG"] ?? "");
  }

  /**
   * Settings for a line. `lenient`: for what must work with a broken file, such as
   * help and `site up`: the file's failure is a warning then.
   */
  async load(globals: GlobalValues, lenient: boolean): Promise<Loaded> {
    const warnings: string[] = [];
    try {
      this.#known = await (this.#files ??= this.#readFiles());
    } catch (error) {
      if (!lenient || !(error instanceof PactError)) throw error;
      warnings.push(`${error.message}; it is left out`);
    }
    warnings.push(...this.#known.flatMap((file) => file.warnings));
    this.#firstLogin = await this.#readFirstLogin();
    const token = await this.#tokenText(globals);
    const given = token === undefined ? globals : { ...globals, token };
    try {
      return { ...this.resolved(given), warnings };
    } catch (error) {
      if (!lenient) throw error;
      const { output, ...rest } = given;
      return { ...this.resolved(FORMATS.some((format) => format === output) ? given : rest, true), warnings };
    }
  }

  /** Settings from what is already read. */
  resolved(globals: GlobalValues, plain = false): Omit<Loaded, "warnings"> {
    const site = runningSite(this.paths.site);
    const session = plain ? {} : this.#session();
    const env = plain ? { ...this.#io.env, PACT_OUTPUT: "", PACT_VCLUSTER: "", PACT_NODE: "" } : this.#io.env;
    const settings = resolveSettings({ globals, session, env, files: plain ? [] : this.#known, site, firstLogin: this.#firstLogin, paths: this.paths });
    return { settings, site, globals };
  }

  /** Every value of the files: the user's file rules over the system's. */
  fileValues(): ReadonlyMap<string, FileValue> {
    return new Map([...this.#known].reverse().flatMap(({ values }) => [...values]));
  }

  /** The `[context.NAME]` tables: the user's file rules over the system's. */
  contexts(): ReadonlyMap<string, SessionValues> {
    const found = new Map<string, SessionValues>();
    for (const file of [...this.#known].reverse()) {
      for (const [key, { value }] of file.values) {
        const [, name, field = ""] = /^context\.(.+)\.([a-z_]+)$/.exec(key) ?? [];
        if (name !== undefined) found.set(name, { ...found.get(name), [field === "read_only" ? "readOnly" : field]: value });
      }
    }
    return found;
  }

  /** Only who has logged in somewhere has the file, and pays for reading it. */
  async #readFirstLogin(): Promise<string | undefined> {
    if (!existsSync(`${this.paths.config}/auth/default-server`)) return undefined;
    const { readDefaultServer } = await import("../auth/default-server.ts");
    return readDefaultServer(this.paths.config);
  }

  async #readFiles(): Promise<readonly ConfigFile[]> {
    const files = await Promise.all([readConfig(`${this.paths.config}/cli.toml`), readConfig(this.paths.systemConfig)]);
    return files.filter((file) => file !== undefined);
  }

  /** `--token -` and `--token @FILE`, so that the token itself need not be on the command line. */
  async #tokenText({ token }: GlobalValues): Promise<string | undefined> {
    if (token === undefined) return undefined;
    const text = token === "-" ? await this.#tokenFromStdin() : token.startsWith("@") ? await this.#tokenFromFile(token.slice(1)) : token;
    // Whoever gives a token wants no other in its place.
    if (text === "") throw new PactError("unauthenticated", "the token from --token is empty", { hint: "leave out --token; pact login" });
    return text;
  }

  async #tokenFromStdin(): Promise<string> {
    if (this.#io.stdinTty) throw new PactError("usage", "--token - reads stdin, which is a terminal here");
    const input = TOKEN_INPUTS.get(this.#io) ?? readInput(this.#io.input);
    TOKEN_INPUTS.set(this.#io, input);
    return (await input).trim();
  }

  async #tokenFromFile(name: string): Promise<string> {
    const path = expandHome(name, this.paths.home);
    try {
      // A pipe will do as well as a file, and one without an end is not read to it.
      let text = "";
      for await (const chunk of createReadStream(path, { end: TOKEN_LIMIT, encoding: "utf8" })) text += String(chunk);
      return text.trim();
    } catch (error) {
      throw new PactError("usage", `--token: cannot read ${path}`, { reason: error instanceof Error ? error.message : undefined, cause: error });
    }
  }
}
