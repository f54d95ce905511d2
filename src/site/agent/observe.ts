// What a node's watched files and kernel settings are now. Files are hashed again only
// when their size, times or inode changed since the last look.
import { createHash } from "node:crypto";
import { open, opendir, readFile, stat } from "node:fs/promises";
import { DEFAULT_BLACKLIST, matches, startOf } from "./globs.ts";
import { sysctlFile } from "./root.ts";

const MOST_FILES = 5000;
const MOST_BYTES = 1024 * 1024;

export interface Observed {
  /** Path as the node sees it → SHA-256 of the content. */
  readonly files: ReadonlyMap<string, string>;
  /** Key with dots → value without the line end. */
  readonly sysctl: ReadonlyMap<string, string>;
  /** Folders that were walked, as paths of this machine. */
  readonly folders: readonly string[];
}

interface Seen {
  readonly mark: string;
  readonly hash: string;
}

export interface Observer {
  look(): Promise<Observed>;
  /** The kernel settings alone: cheap enough to ask often. */
  settings(): Promise<ReadonlyMap<string, string>>;
}

/** `root` is the node's root folder ("/" for the machine itself). */
export function openObserver(root: string, patterns: readonly string[], keys: readonly string[]): Observer {
  let seen = new Map<string, Seen>();
  const base = root === "/" ? "" : root;
  return {
    settings: () => readSettings(root, keys),
    async look() {
      const files = new Map<string, string>();
      const folders: string[] = [];
      const now = new Map<string, Seen>();
      for (const start of new Set(patterns.map(startOf))) {
        for await (const path of walk(base, start, folders)) {
          if (files.size >= MOST_FILES) break;
          if (files.has(path) || !isWatched(path, patterns)) continue;
          const one = await hashOf(base + path, seen.get(path));
          if (one === undefined) continue;
          now.set(path, one);
          files.set(path, one.hash);
        }
      }
      seen = now;
      return { files, sysctl: await readSettings(root, keys), folders };
    },
  };
}

function isWatched(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => matches(pattern, path)) && !DEFAULT_BLACKLIST.some((pattern) => matches(pattern, path));
}

/** Regular files below a path, links not followed; what cannot be read is left out. */
async function* walk(base: string, path: string, folders: string[]): AsyncGenerator<string> {
  const pending = [path];
  for (let here = pending.pop(); here !== undefined; here = pending.pop()) {
    let entries: import("node:fs").Dirent[];
    try {
      entries = await entriesOf(base + here);
    } catch (error) {
      if (isNotFolder(error)) yield here;
      continue;
    }
    folders.push(base + here);
    for (const entry of entries) {
      const below = here === "/" ? `/${entry.name}` : `${here}/${entry.name}`;
      if (entry.isDirectory()) pending.push(below);
      else if (entry.isFile()) yield below;
    }
  }
}

async function entriesOf(path: string): Promise<import("node:fs").Dirent[]> {
  const entries: import("node:fs").Dirent[] = [];
  for await (const entry of await opendir(path)) {
    entries.push(entry);
    if (entries.length > MOST_FILES) break;
  }
  return entries;
}

function isNotFolder(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOTDIR";
}

/** Undefined for what is too big, not a file, or not ours to read. */
async function hashOf(path: string, before: Seen | undefined): Promise<Seen | undefined> {
  try {
    const { size, mtimeMs, ctimeMs, ino, mode } = await stat(path);
    if (size > MOST_BYTES) return undefined;
    const mark = `${size} ${mtimeMs} ${ctimeMs} ${ino} ${mode}`;
    // A change within one tick of the file system's clock leaves the mark alone: young files are read again.
    if (before?.mark === mark && Date.now() - mtimeMs > 2000) return before;
    const file = await open(path, "r");
    try {
      return { mark, hash: createHash("sha256").update(await file.readFile()).digest("hex") };
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

async function readSettings(root: string, keys: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const key of keys) {
    try {
      found.set(key, (await readFile(sysctlFile(root, key), "utf8")).trim().replace(/\s+/g, " ").slice(0, 1024));
    } catch {
      // Not there, or not ours to read.
    }
  }
  return found;
}
