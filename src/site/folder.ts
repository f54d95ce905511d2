// The site's folder: made for its owner alone, marked, and never taken over from someone else.
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, realpathSync, writeFileSync } from "node:fs";
import { codeOf, messageOf, SiteProblem } from "./problem.ts";
import { sitePaths, type SitePaths } from "./paths.ts";

/** Bytes that fit in a unix socket's address, one less for its end. */
const SOCKET_PATH_MAX = 107;
const MARK = "A folder of `pact site`. `pact site reset` removes what is in it.\n";

function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    const why = codeOf(error) === "EEXIST" || codeOf(error) === "ENOTDIR" ? "a file is in its place" : messageOf(error);
    throw new SiteProblem("local", `cannot make the site's folder ${dir}: ${why}`, "choose another with --dir DIR", error);
  }
}

function ownedByUs(dir: string): void {
  const stat = lstatSync(dir);
  if (!stat.isDirectory()) throw new SiteProblem("local", `${dir} is not a folder`, "choose another with --dir DIR");
  if (stat.uid !== process.getuid?.()) {
    throw new SiteProblem("local", `${dir} belongs to user ${stat.uid}`, "choose another with --dir DIR");
  }
  if ((stat.mode & 0o077) !== 0) chmodSync(dir, 0o700);
}

/** Whether a folder is a site's, by its mark. */
export function isSiteFolder(dir: string): boolean {
  return existsSync(sitePaths(dir).marker);
}

/**
 * Makes the folder ready: 0700, ours, marked. Refuses one that holds other things. The answer's
 * paths have links resolved, so that one folder has one name.
 */
export function prepareFolder(dir: string): SitePaths {
  makeFolder(dir);
  const real = realpathSync(dir);
  ownedByUs(real);
  const paths = sitePaths(real);
  if (Buffer.byteLength(paths.socket) > SOCKET_PATH_MAX) {
    throw new SiteProblem("local", `the path of ${real} is too long for a socket in it`, "choose a shorter one with --dir DIR");
  }
  if (!existsSync(paths.marker)) {
    if (readdirSync(real).some((name) => name !== "site.lock")) {
      throw new SiteProblem("local", `${real} holds other files and is not a site's folder`, "choose an empty or new one with --dir DIR");
    }
    writeFileSync(paths.marker, MARK, { mode: 0o600 });
  }
  return paths;
}
