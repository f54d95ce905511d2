// What a node's watched files, kernel settings, mounts and services are now. Files are
// hashed again only when their size, times or inode changed since the last look.
import { createHash } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import type { Baseline } from "./baseline.ts";
import { type Disk, diskOf, readPlain } from "./disk.ts";
import type { Found } from "./found.ts";
import { DEFAULT_BLACKLIST, matches, startOf } from "./globs.ts";
import { claimedMounts, machineMounts, type Mount } from "./mounts.ts";
import { sysctlFile } from "./root.ts";

const MOST_FILES = 5000;
const MOST_BYTES = 1024 * 1024;
/** Files after which others get their turn. */
const TURN = 64;

export interface Observed {
  /** Path as the node sees it → SHA-256 of the content. */
  readonly files: ReadonlyMap<string, string>;
  /** Key with dots → value without the line end. */
  readonly sysctl: ReadonlyMap<string, string>;
  /** Path as the node sees it → what is mounted there. */
  readonly mounts: Found<Mount>;
  /** Name → state of each service. */
  readonly services: Found<string>;
  /** Folders whose changes matter, as paths of this machine. */
  readonly folders: readonly string[];
}

interface Seen {
  readonly mark: string;
  readonly hash: string;
}

/** Answers the state of each service, after a look at what the node says of them; `declared` is what they should be. */
export type ServicesLook = (declared: Baseline["services"]) => Promise<Found<string>>;

export interface Observer {
  /** `declared`: what the node's services should be, where that is known. */
  look(declared: Baseline["services"]): Promise<Observed>;
  /** What announces no change of its own, as text: cheap enough to ask often. */
  quiet(): Promise<string>;
}

export interface ObserverOptions {
  /** The node's root folder; "/" for the machine itself. */
  readonly root: string;
  readonly patterns: readonly string[];
  readonly keys: readonly string[];
  readonly services: ServicesLook;
}

export function openObserver({ root, patterns, keys, services }: ObserverOptions): Observer {
  let seen = new Map<string, Seen>();
  // What kind of disk a start lies on changes only with the machine's mounts, seldom below what is watched.
  const disks = new Map<string, Promise<Disk>>();
  const diskBelow = (path: string): Promise<Disk> => {
    const disk = disks.get(path) ?? diskOf(path);
    disks.set(path, disk);
    return disk;
  };
  const machine = root === "/";
  const base = machine ? "" : root;
  const mounts = (): Found<Mount> => (machine ? machineMounts() : claimedMounts(root));
  return {
    quiet: async () => quietText(readSettings(root, keys), mounts()),
    async look(declared) {
      const files = new Map<string, string>();
      const folders: string[] = [];
      const now = new Map<string, Seen>();
      for (const start of new Set(patterns.map(startOf))) {
        const disk = await diskBelow(base + start);
        for await (const path of walk(disk, base, start, folders)) {
          if (files.size >= MOST_FILES) break;
          if (files.has(path) || !isWatched(path, patterns)) continue;
          const one = await hashOf(disk, base + path, seen.get(path));
          if (one === undefined) continue;
          now.set(path, one);
          files.set(path, one.hash);
          if (files.size % TURN === 0) await turn();
        }
      }
      seen = now;
      // The node's own claims; its logs are one folder further down and announce nothing here.
      if (!machine) folders.push(`${base}/run/pact`);
      return { files, sysctl: readSettings(root, keys), mounts: mounts(), services: await services(declared), folders };
    },
  };
}

/** What `Observer.quiet` answers of a state. */
export function quietText(sysctl: ReadonlyMap<string, string>, mounts: Found<Mount>): string {
  return JSON.stringify([[...sysctl], [...(mounts.items ?? [])], mounts.trouble]);
}

function isWatched(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => matches(pattern, path)) && !DEFAULT_BLACKLIST.some((pattern) => matches(pattern, path));
}

/** Regular files below a path, links not followed; what cannot be read is left out. */
async function* walk(disk: Disk, base: string, path: string, folders: string[]): AsyncGenerator<string> {
  const pending = [path];
  for (let here = pending.pop(); here !== undefined; here = pending.pop()) {
    let entries: readonly import("node:fs").Dirent[];
    try {
      entries = await disk.entries(base + here, MOST_FILES);
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

function isNotFolder(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOTDIR";
}

/** Undefined for what is too big, not a file, or not ours to read. */
async function hashOf(disk: Disk, path: string, before: Seen | undefined): Promise<Seen | undefined> {
  try {
    const { size, mtimeMs, ctimeMs, ino, mode } = await disk.stat(path);
    if (size > MOST_BYTES) return undefined;
    const mark = `${size} ${mtimeMs} ${ctimeMs} ${ino} ${mode}`;
    // A change within one tick of the file system's clock leaves the mark alone: young files are read again.
    if (before?.mark === mark && Date.now() - mtimeMs > 2000) return before;
    return { mark, hash: createHash("sha256").update(await disk.read(path, MOST_BYTES)).digest("hex") };
  } catch {
    return undefined;
  }
}

/** Settings are plain files, on a virtual node in its own folder, on the machine in /proc. */
function readSettings(root: string, keys: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const key of keys) {
    try {
      found.set(key, readPlain(sysctlFile(root, key), MOST_BYTES).toString("utf8").trim().replace(/\s+/g, " ").slice(0, 1024));
    } catch {
      // Not there, or not ours to read.
    }
  }
  return found;
}
