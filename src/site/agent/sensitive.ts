// Paths that no command reaches, in whatever disguise an argument holds them:
// after `=`, glued to a short option, relative, with `..`, through links.
import { statSync, type Stats } from "node:fs";
import { PROCESS_DOOR, isWithin, resolveInside, textualPath } from "./paths.ts";
import { patternsOf, readsBelow } from "./rules-files.ts";

/** Blocked for every command: the thing itself and all below. */
const BLOCKED: readonly string[] = [
  "/etc/shadow", "/etc/gshadow", "/etc/master.passwd", "/root", "/etc/ssl/private", "/etc/pact/ca", "/run/pact/ca", "/proc/kcore",
];
/** Blocked as text too, so that a backup such as /etc/shadow- or a URL does not slip through. */
const BLOCKED_TEXT = /\/etc\/(?:shadow|gshadow|master\.passwd)|\/\.ssh(?:\/|$)|\/etc\/ssl\/private(?:\/|$)|\/(?:etc|run)\/pact\/ca(?:\/|$)|^~root(?:\/|$)/;
/** A command's own streams, by the names /dev/stdin and its kind lead to. */
const OWN_STREAM = new RegExp(`^/proc/(?:self|thread-self|${process.pid})/fd/[0-2]$`);
const PROCESS_SECRETS = /^\/proc\/[^/]+(?:\/task\/[^/]+)?\/(?:environ|mem)$/;
/** Commands that print what is in a file. */
const PRINTS: ReadonlySet<string> = new Set(["cat", "head", "tail", "grep", "diff", "wc", "file", "md5sum", "sha256sum"]);
/** Commands that take a bare word for the name of a file; for the others `root` is a user, not a folder. */
const TAKES_FILES: ReadonlySet<string> = new Set([...PRINTS, "ls", "stat", "df"]);
const PLAIN_DEVICES = /^\/dev\/(?:null|zero|full|random|urandom|tty|stdin|stdout|stderr)$/;
/** Suffixes of one short option group that are looked at. */
const LONGEST_GROUP = 256;

export interface PathScope {
  /** Prefix of the node's files as we see them; "" for the machine itself. */
  readonly view: string;
  /** Further folders that are refused, already resolved (decision: what belongs to the site and its owner). */
  readonly forbidden: readonly string[];
}

/** Everything in one argument that could be meant as a path. */
export function pathsIn(arg: string): string[] {
  const found = new Set<string>([arg]);
  if (arg.startsWith("-") && !arg.startsWith("--")) {
    for (let at = 2; at < Math.min(arg.length, LONGEST_GROUP); at++) found.add(arg.slice(at));
  }
  for (const part of [...found]) for (const piece of part.split(/[=,:@]/)) found.add(piece);
  for (const part of [...found]) {
    const equals = part.indexOf("=");
    if (equals >= 0) found.add(part.slice(equals + 1));
    if (part.startsWith("~/")) found.add(`/tmp/${part.slice(2)}`);
  }
  found.delete("");
  return [...found];
}

/** The first argument that leads to a sensitive path, or undefined. */
export function sensitiveArgument(command: string, args: readonly string[], scope: PathScope): string | undefined {
  const reads = readsBelow(command, args);
  if (reads === "all") return "/";
  const below = reads === "given";
  const patterns = patternsOf(command, args);
  for (const arg of args) {
    if (BLOCKED_TEXT.test(arg)) return arg;
    if (arg.startsWith("-") && !arg.startsWith("--") && arg.length > LONGEST_GROUP) return arg;
    if (patterns.has(arg)) continue;
    for (const path of pathsIn(arg)) {
      if (!TAKES_FILES.has(command) && !/[/~]|\.\./.test(path)) continue;
      if (isSensitive(textualPath(path), scope) || leadsAstray(command, path, below, scope)) return arg;
    }
  }
  return undefined;
}

function leadsAstray(command: string, path: string, below: boolean, scope: PathScope): boolean {
  const real = resolveInside(scope.view, path);
  if (isSensitive(real, scope)) return true;
  const stat = statOf(scope.view + real);
  if (stat === undefined) return false;
  if (below && stat.isDirectory() && holdsSensitive(real, scope)) return true;
  if (stat.isFile() && stat.nlink > 1 && isOtherName(stat, scope)) return true;
  const device = stat.isBlockDevice() || stat.isCharacterDevice();
  return device && PRINTS.has(command) && !PLAIN_DEVICES.test(real);
}

function isSensitive(path: string, { forbidden }: PathScope): boolean {
  return (
    BLOCKED_TEXT.test(path) || PROCESS_SECRETS.test(path) || (PROCESS_DOOR.test(path) && !OWN_STREAM.test(path)) ||
    BLOCKED.some((folder) => isWithin(path, folder)) || forbidden.some((folder) => isWithin(path, folder))
  );
}

/** A folder whose contents are read must not have a sensitive path somewhere below. */
function holdsSensitive(folder: string, { forbidden }: PathScope): boolean {
  return [...BLOCKED, "/home", "/proc/self/environ", ...forbidden].some((path) => isWithin(path, folder)) || isWithin(folder, "/proc");
}

/** A hard link is the same file under another name. */
function isOtherName(stat: Stats, { view }: PathScope): boolean {
  return ["/etc/shadow", "/etc/gshadow"].some((path) => {
    const secret = statOf(view + path);
    return secret !== undefined && secret.ino === stat.ino && secret.dev === stat.dev;
  });
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
