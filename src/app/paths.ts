// Where pact keeps things, after the XDG base directories.
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

export interface Paths {
  readonly home: string;
  /** cli.toml, token, auth/. */
  readonly config: string;
  /** history.jsonl, recordings. */
  readonly state: string;
  readonly cache: string;
  /** Folder of the default embedded site. */
  readonly site: string;
  readonly systemConfig: string;
}

/** Relative values of XDG variables are ignored, as the specification asks. */
export function pathsFrom(env: NodeJS.ProcessEnv): Paths {
  const home = env["HOME"] !== undefined && env["HOME"] !== "" ? env["HOME"] : homedir();
  const base = (variable: string, fallback: string): string => {
    const value = env[variable];
    return value !== undefined && isAbsolute(value) ? value : join(home, fallback);
  };
  return {
    home,
    config: join(base("XDG_CONFIG_HOME", ".config"), "pact"),
    state: join(base("XDG_STATE_HOME", ".local/state"), "pact"),
    cache: join(base("XDG_CACHE_HOME", ".cache"), "pact"),
    site: join(base("XDG_DATA_HOME", ".local/share"), "pact", "site"),
    systemConfig: "/etc/pact/cli.toml",
  };
}

/** A leading `~` or `~/` is the home folder. */
export const expandHome = (path: string, home: string): string =>
  path === "~" ? home : path.startsWith("~/") ? join(home, path.slice(2)) : path;
