// The server of the first login: where nothing else names one, it is the one that is meant. Later logins elsewhere do
// not change it; it holds as long as that login is kept.
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_SERVER_FILE, fileOf, readPrivate, replace } from "./cache.ts";
import { normalServer } from "./server-url.ts";

/** The URL of that server; undefined when there is none, or the file is not to be trusted. */
export function readDefaultServer(configDir: string): string | undefined {
  const dir = join(configDir, "auth");
  try {
    const server = readPrivate(dir, join(dir, DEFAULT_SERVER_FILE))?.trim();
    return server !== undefined && normalServer(server) === server && existsSync(join(dir, fileOf(server))) ? server : undefined;
  } catch {
    return undefined;
  }
}

/** Makes a server with a login the default unless there is one; answers whether it is new. A failure to write is none of the login's. */
export function keepDefaultServer(configDir: string, server: string): boolean {
  if (readDefaultServer(configDir) !== undefined) return false;
  const dir = join(configDir, "auth");
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    replace(join(dir, DEFAULT_SERVER_FILE), `${server}\n`);
    return true;
  } catch {
    return false;
  }
}
