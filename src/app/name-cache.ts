// Names of nodes and vClusters, kept between runs so that Tab knows them without a network: one file a
// server and principal, 0600, replaced by rename. They are hints and nothing else: a file that is damaged,
// foreign or huge is none, and one that cannot be written is done without.
import { createHash, randomBytes } from "node:crypto";
import { closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ID_PATTERN, type NodeFilter } from "../api/index.ts";
import { normalServer } from "../auth/server-url.ts";

export interface KnownNode {
  readonly nodeId: string;
  /** null when unassigned. */
  readonly vcluster: string | null;
}

const MOST_NAMES = 20_000;
const MOST_BYTES = 4 * 1024 * 1024;
/** Unchanged names are written again after this long, so that the newest file is the one in use. */
const FRESH_MS = 60_000;
/** Files of other servers and principals that are kept. */
const MOST_FILES = 20;

const short = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);
const prefixOf = (endpoint: string): string => `names-${short(normalServer(endpoint))}-`;
const isId = (value: unknown): value is string => typeof value === "string" && ID_PATTERN.test(value);

/** Times of change of the files with this prefix, by path, newest first. */
function filesOf(folder: string, prefix: string): [path: string, changed: number][] {
  const found = readdirSync(folder).filter((name) => name.startsWith(prefix)).map((name): [string, number] => {
    const path = join(folder, name);
    return [path, lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0];
  });
  return found.sort(([, a], [, b]) => b - a);
}

/** The text of a file that only this user can write; undefined for any other. */
function readOwn(path: string): string | undefined {
  let file: number | undefined;
  try {
    // O_NONBLOCK: a pipe put in its place must not stop us.
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = fstatSync(file);
    const ours = process.getuid === undefined || stat.uid === process.getuid();
    return ours && stat.isFile() && (stat.mode & 0o022) === 0 && stat.size <= MOST_BYTES ? readFileSync(file, "utf8") : undefined;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function parse(text: string | undefined): readonly KnownNode[] | undefined {
  if (text === undefined) return undefined;
  try {
    const { version, nodes }: { version?: unknown; nodes?: unknown } = JSON.parse(text) ?? {};
    if (version !== 1 || !Array.isArray(nodes) || nodes.length > MOST_NAMES) return undefined;
    const known: KnownNode[] = [];
    for (const node of nodes) {
      if (!Array.isArray(node) || !isId(node[0]) || !(node[1] === null || isId(node[1]))) return undefined;
      known.push({ nodeId: node[0], vcluster: node[1] });
    }
    return known;
  } catch {
    return undefined;
  }
}

/** The names kept for a server and a principal; without one, those of whoever used the server last. Never throws. */
export function keptNames(folder: string, endpoint: string, principal?: string): readonly KnownNode[] {
  try {
    const prefix = prefixOf(endpoint);
    if (principal !== undefined) return parse(readOwn(join(folder, `${prefix}${short(principal)}.json`))) ?? [];
    for (const [path] of filesOf(folder, prefix)) {
      const names = path.endsWith(".json") ? parse(readOwn(path)) : undefined;
      if (names !== undefined) return names;
    }
  } catch {
    // Nothing is kept.
  }
  return [];
}

/** The cache folder and the one it is in. Not `recursive`, which never ends below /proc. */
function makeFolder(folder: string): void {
  for (const path of [dirname(folder), folder]) {
    try {
      mkdirSync(path, { mode: 0o700 });
    } catch {
      // It is there, or what comes next fails.
    }
  }
}

/** Whole or not at all. */
function replace(path: string, text: string): void {
  const partial = `${path}.${randomBytes(4).toString("hex")}`;
  try {
    writeFileSync(partial, text, { mode: 0o600, flag: "wx" });
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

/** Drops what a run that was cut off left behind, and the oldest files when there are many. */
function tidy(folder: string, now: number): void {
  const files = filesOf(folder, "names-");
  const whole = files.filter(([path]) => path.endsWith(".json"));
  const cutOff = files.filter(([path, changed]) => !path.endsWith(".json") && now - changed > FRESH_MS);
  for (const [path] of [...cutOff, ...whole.slice(MOST_FILES)]) rmSync(path, { force: true });
}

export interface Answer {
  readonly endpoint: string;
  readonly principal: string;
  /** What was asked for: the answer to a question about one vCluster changes the names of that one only. */
  readonly filter: NodeFilter;
  readonly nodes: readonly KnownNode[];
}

/** Keeps the names of an answer when they changed or are older than a minute. `now` in ms. Never throws. */
export function keepNames(folder: string, { endpoint, principal, filter, nodes }: Answer, now: number): void {
  if (filter.state !== undefined || filter.unassigned === true) return;
  try {
    const path = join(folder, `${prefixOf(endpoint)}${short(principal)}.json`);
    const kept = readOwn(path);
    const told = new Map<string, string | null>();
    const others = filter.vcluster === undefined ? [] : (parse(kept) ?? []).filter(({ vcluster }) => vcluster !== filter.vcluster);
    for (const { nodeId, vcluster } of [...others, ...nodes]) {
      if (isId(nodeId)) told.set(nodeId, isId(vcluster) ? vcluster : null);
    }
    const names = [...told].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, MOST_NAMES);
    const text = `${JSON.stringify({ version: 1, nodes: names })}\n`;
    const changed = lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (text === kept && Math.abs(now - changed) < FRESH_MS) return;
    makeFolder(folder);
    replace(path, text);
    tidy(folder, now);
  } catch {
    // No place to keep them, or no server's name: the next run asks again.
  }
}
