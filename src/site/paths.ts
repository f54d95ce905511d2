// Where a site keeps its things: the default folder and the names inside it.
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { CONTROL_SOCKET, SITE_FILE } from "../contract/control.ts";

/** The folder of a user's own site: `$XDG_DATA_HOME/pact/site`, by default below ~/.local/share. */
export function defaultSiteDir(env: Readonly<Record<string, string | undefined>>): string {
  const home = env["HOME"] || homedir();
  const data = env["XDG_DATA_HOME"];
  // The XDG rules say that a relative value is to be ignored.
  const base = data !== undefined && isAbsolute(data) ? data : join(home, ".local", "share");
  return join(base, "pact", "site");
}

/** Folders of pact's own files, which hold tokens and history: no command on the host may reach them. */
export function pactFolders(env: Readonly<Record<string, string | undefined>>): string[] {
  const home = env["HOME"] || homedir();
  const folders: readonly (readonly [string, string])[] = [
    ["XDG_CONFIG_HOME", ".config"], ["XDG_STATE_HOME", ".local/state"], ["XDG_CACHE_HOME", ".cache"], ["XDG_DATA_HOME", ".local/share"],
  ];
  return folders.map(([variable, fallback]) => {
    const value = env[variable];
    return join(value !== undefined && isAbsolute(value) ? value : join(home, fallback), "pact");
  });
}

/** A `--dir` value as an absolute path; a leading `~/` means the home folder. */
export function siteDirOf(given: string): string {
  if (given === "~") return homedir();
  return resolve(given.startsWith("~/") ? join(homedir(), given.slice(2)) : given);
}

export interface SitePaths {
  readonly dir: string;
  readonly marker: string;
  readonly lock: string;
  readonly config: string;
  readonly file: string;
  /** Description of the last run, kept after an orderly end: its ports and what it made. */
  readonly last: string;
  readonly socket: string;
  readonly log: string;
  readonly journal: string;
  readonly secrets: string;
}

/**
 * Everything a site makes in its folder, and so everything `reset` may remove, in that order: the lock
 * goes last, so that nobody starts in a folder that is half gone.
 */
export const SITE_ENTRIES: readonly string[] = [
  "nodes", "journal", "secrets", "blobs", "site.log", "site.log.old", "site.toml", CONTROL_SOCKET, SITE_FILE,
  "site.last.json", ".pact-site", "site.lock",
];

/** The names inside a site's folder. */
export function sitePaths(dir: string): SitePaths {
  return {
    dir,
    marker: join(dir, ".pact-site"),
    lock: join(dir, "site.lock"),
    config: join(dir, "site.toml"),
    file: join(dir, SITE_FILE),
    last: join(dir, "site.last.json"),
    socket: join(dir, CONTROL_SOCKET),
    log: join(dir, "site.log"),
    journal: join(dir, "journal"),
    secrets: join(dir, "secrets"),
  };
}
