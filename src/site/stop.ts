// Ends a running site, and removes a stopped one.
import { lstatSync, readdirSync, readFileSync, realpathSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { askSite } from "./control.ts";
import { isSiteFolder } from "./folder.ts";
import { holderOf, isAlive, tryLock } from "./lock.ts";
import { defaultSiteDir, SITE_ENTRIES, sitePaths, type SitePaths } from "./paths.ts";
import { SiteProblem } from "./problem.ts";
import { lookAtSite } from "./site-file.ts";

const STOP_DEADLINE_MS = 25_000;

/** The paths of an existing site's folder. Throws SiteProblem notFound when it is none. */
export function existingSite(dir: string): SitePaths {
  if (!isSiteFolder(dir)) throw noSite(dir);
  return sitePaths(realpathSync(dir));
}

/** A site command for a folder, as one types it: your own site needs no --dir. */
export function siteCommand(words: string, dir: string): string {
  if (dir === defaultSiteDir(process.env)) return `pact site ${words}`;
  return `pact site ${words} --dir ${/^[\w./@:+-]+$/.test(dir) ? dir : `'${dir.replaceAll("'", `'\\''`)}'`}`;
}

/** "There is none": what every command says where no site runs. */
export function noSite(dir: string): SiteProblem {
  return new SiteProblem("notFound", `no site runs in ${dir}`, siteCommand("up", dir));
}

/** Asks the site to end, or signals it when it no longer listens; answers its pid when the folder is free. */
export async function stopSite(dir: string, signal?: AbortSignal): Promise<{ readonly pid: number }> {
  const paths = existingSite(dir);
  const { file, alive } = lookAtSite(paths);
  if (file === undefined || !alive) throw noSite(dir);
  const holder = holderOf(paths.lock);
  try {
    await askSite(paths.socket, { do: "down" }, 3_000);
  } catch {
    // It does not listen, but its process is the one that holds the folder: the signal reaches it.
    if (holder !== undefined && isAlive(holder)) process.kill(holder.pid, "SIGTERM");
  }
  const end = performance.now() + STOP_DEADLINE_MS;
  while (performance.now() < end) {
    const release = tryLock(paths.lock);
    release?.();
    if (release !== undefined) return { pid: file.pid };
    await delay(50, undefined, signal === undefined ? {} : { signal });
  }
  throw new SiteProblem("precondition", `the site's process ${file.pid} does not end`, `kill -9 ${file.pid}`);
}

/** Anything mounted below a folder: removing through a mount would reach what is mounted there. */
function mountsBelow(dir: string): string[] {
  let table: string;
  try {
    table = readFileSync("/proc/self/mountinfo", "utf8");
  } catch {
    return [];
  }
  return table.split("\n").map((line) => (line.split(" ")[4] ?? "").replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))))
    .filter((point) => point.startsWith(`${dir}/`));
}

/**
 * Removes a stopped site: what a site makes in its folder, nothing else, and the folder itself when
 * it is empty then. Answers what is left. Throws SiteProblem when it runs or the folder is not a site's.
 */
export function resetSite(dir: string): { readonly removed: readonly string[]; readonly left: readonly string[] } {
  if (!isSiteFolder(dir)) throw new SiteProblem("notFound", `${dir} is not a site's folder`, "name it with --dir DIR");
  const paths = existingSite(dir);
  if (lstatSync(paths.dir).uid !== process.getuid?.()) throw new SiteProblem("local", `${paths.dir} is not yours`);
  const release = tryLock(paths.lock);
  if (release === undefined) throw new SiteProblem("precondition", `a site runs in ${dir}`, siteCommand("down", dir));
  try {
    const mounted = mountsBelow(paths.dir);
    if (mounted.length > 0) throw new SiteProblem("precondition", `${mounted[0]} is mounted inside the site's folder`, `umount ${mounted[0]}`);
    const listed = lookAtSite(paths).file?.made ?? SITE_ENTRIES;
    const there = readdirSync(paths.dir);
    const doomed = SITE_ENTRIES.filter((name) => listed.includes(name) && there.includes(name));
    for (const name of doomed) rmSync(join(paths.dir, name), { recursive: true, force: true });
    const left = readdirSync(paths.dir);
    if (left.length === 0) rmdirSync(paths.dir);
    return { removed: doomed, left };
  } finally {
    release();
  }
}
