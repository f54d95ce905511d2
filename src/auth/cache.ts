// The tokens of a login, one file a server: 0600 in a 0700 folder of this user,
// replaced by rename. A file that is wider or damaged is refused whole, and never
// repaired (Auth2, Auth5, PAuth1).
import { randomBytes } from "node:crypto";
import { closeSync, constants, fstatSync, fsyncSync, lstatSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PactError } from "../api/index.ts";
import { normalServer, serverHash } from "./server-url.ts";

export interface CachedLogin {
  readonly version: 1;
  readonly server: string;
  readonly access_token: string;
  readonly refresh_token: string | null;
  /** RFC 3339, by this machine's clock. */
  readonly expires_at: string;
  readonly scopes: readonly string[];
  readonly issuer: string;
  readonly client_id: string;
  readonly token_endpoint: string;
  readonly revocation_endpoint: string | null;
}

export interface LoginCache {
  readonly path: string;
  /** undefined when there is none; throws unauthenticated when it is refused. */
  read(): CachedLogin | undefined;
  /** Throws local when it cannot be written, unauthenticated when the folder is open to others. */
  write(login: CachedLogin): void;
  /** Whether there was one. */
  remove(): boolean;
  /** Changes whenever the file does. */
  stamp(): string;
}

const MOST_BYTES = 256 * 1024;
/** Name of the file with the URL of the first login. */
export const DEFAULT_SERVER_FILE = "default-server";
export const fileOf = (server: string): string => `tokens-${serverHash(server)}.json`;

/** The cache of one server, whose URL is normalised. */
export function openCache(configDir: string, server: string): LoginCache {
  const dir = join(configDir, "auth");
  const path = join(dir, fileOf(server));
  return {
    path,
    read() {
      const text = readPrivate(dir, path);
      if (text === undefined) return undefined;
      const login = parse(text);
      if (login === undefined || login.server !== server) throw corrupt(path);
      return login;
    },
    write(login) {
      try {
        mkdirSync(dir, { recursive: true, mode: 0o700 });
        checkFolder(dir);
        replace(path, `${JSON.stringify(login, null, 2)}\n`);
      } catch (error) {
        if (error instanceof PactError) throw error;
        throw new PactError("local", `cannot keep the login in ${path}`, { reason: codeOf(error), cause: error });
      }
    },
    remove() {
      const was = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
      rmSync(path, { force: true });
      return was;
    },
    stamp() {
      const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
      return stat === undefined ? "" : `${stat.ino}:${stat.mtimeNs}:${stat.size}`;
    },
  };
}

/** The servers with a login kept, in order; what is refused counts as none. */
export function cachedServers(configDir: string): readonly string[] {
  const dir = join(configDir, "auth");
  let names: readonly string[];
  try {
    names = readdirSync(dir).filter((name) => /^tokens-[0-9a-f]{16}\.json$/.test(name));
  } catch {
    return [];
  }
  const servers = names.flatMap((name) => {
    try {
      const server = parse(readPrivate(dir, join(dir, name)) ?? "")?.server;
      // A file under another server's name is nobody's login.
      return server !== undefined && name === fileOf(server) && normalServer(server) === server ? [server] : [];
    } catch {
      return [];
    }
  });
  return servers.sort();
}

/** Writes a private file whole or not at all. */
export function replace(path: string, text: string): void {
  const partial = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  const file = openSync(partial, "wx", 0o600);
  try {
    writeFileSync(file, text);
    // A refresh token is used once: losing the new one to a power cut would end the login.
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

/** A private file's text; undefined when it is not there. Throws unauthenticated when others could have written or read it. */
export function readPrivate(dir: string, path: string): string | undefined {
  let file: number;
  try {
    // O_NONBLOCK: a pipe put in its place must not stop us.
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    throw refused(path, codeOf(error) === "ELOOP" ? "it is a symbolic link" : codeOf(error), `rm ${quoted(path)}; pact login`);
  }
  try {
    checkFolder(dir);
    const stat = fstatSync(file);
    if (!stat.isFile() || stat.size > MOST_BYTES) throw corrupt(path);
    if (!isOurs(stat.uid)) throw refused(path, "it belongs to somebody else", `rm ${quoted(path)}; pact login`);
    if ((stat.mode & 0o077) !== 0) throw refused(path, `its mode is ${octal(stat.mode)}, not 0600: others may have read the tokens`, `chmod 600 ${quoted(path)}`);
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

function checkFolder(dir: string): void {
  const stat = statSync(dir);
  if (!isOurs(stat.uid)) throw refused(dir, "the folder belongs to somebody else", "pact --token @FILE …");
  if ((stat.mode & 0o077) !== 0) throw refused(dir, `the folder's mode is ${octal(stat.mode)}, not 0700`, `chmod 700 ${quoted(dir)}`);
}

const isOurs = (uid: number): boolean => process.getuid === undefined || uid === process.getuid();
const octal = (mode: number): string => `0${(mode & 0o7777).toString(8).padStart(3, "0")}`;
/** A path as a shell takes it. */
export const quoted = (path: string): string => (/^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);

const refused = (path: string, reason: string, hint: string): PactError => new PactError("unauthenticated", `the token cache ${path} is refused`, { reason, hint });

const corrupt = (path: string): PactError => refused(path, "it is damaged, and no part of it is used", `rm ${quoted(path)}; pact login`);

function parse(text: string): CachedLogin | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(value));
  const texts = ["server", "access_token", "expires_at", "issuer", "client_id", "token_endpoint"] as const;
  const found: Partial<Record<(typeof texts)[number], string>> = {};
  for (const name of texts) {
    const field = fields.get(name);
    if (typeof field !== "string" || field === "") return undefined;
    found[name] = field;
  }
  const { server, access_token, expires_at, issuer, client_id, token_endpoint } = found;
  const scopes = fields.get("scopes");
  const [refresh_token, revocation_endpoint] = [nullable(fields.get("refresh_token")), nullable(fields.get("revocation_endpoint"))];
  if (server === undefined || access_token === undefined || expires_at === undefined || issuer === undefined || client_id === undefined || token_endpoint === undefined) return undefined;
  if (fields.get("version") !== 1 || Number.isNaN(Date.parse(expires_at)) || refresh_token === undefined || revocation_endpoint === undefined) return undefined;
  if (!Array.isArray(scopes) || !scopes.every((scope): scope is string => typeof scope === "string")) return undefined;
  return { version: 1, server, access_token, refresh_token, expires_at, scopes, issuer, client_id, token_endpoint, revocation_endpoint };
}

const nullable = (value: unknown): string | null | undefined => (value === null || typeof value === "string" ? value : undefined);

/** The system's name of a failure. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : error instanceof Error ? error.message : String(error);
