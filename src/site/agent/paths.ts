// Where a path really leads inside a node: symbolic links are followed against the
// node's root, not ours, and components that are not there are kept as typed.
import { lstatSync, readlinkSync } from "node:fs";

/** The kernel takes no longer path, so what is longer leads nowhere. */
const MOST_BYTES = 4096;
/** More links than this on one way is a loop. */
const MOST_LINKS = 40;

/**
 * Resolves `path` (relative ones against `/`) below `root`, a prefix such as
 * `/proc/123/root` or "" for the machine itself. The answer begins with `/` and is
 * as processes of the node see it. A loop resolves to where it was noticed.
 */
export function resolveInside(root: string, path: string): string {
  if (Buffer.byteLength(path) > MOST_BYTES) return textualPath(path);
  let left = path.split("/");
  let at: string[] = [];
  let links = 0;
  while (left.length > 0) {
    const [name = "", ...rest] = left;
    left = rest;
    if (name === "" || name === ".") continue;
    if (name === "..") {
      at.pop();
      continue;
    }
    const here = `${root}/${[...at, name].join("/")}`;
    // Beyond a door nothing is known, and `..` does not lead back.
    if (PROCESS_DOOR.test(`/${[...at, name].join("/")}`)) return `/${[...at, name, ...left].join("/")}`;
    const target = links < MOST_LINKS ? linkTarget(here) : undefined;
    if (target === undefined) {
      at.push(name);
      continue;
    }
    links += 1;
    if (target.startsWith("/")) at = [];
    left = [...target.split("/"), ...left];
  }
  return `/${at.join("/")}`;
}

/**
 * Doors that the kernel keeps in /proc: into another process's root, folder or open files.
 * What readlink says of them is how they look from over there, not where they lead from here.
 */
export const PROCESS_DOOR = /^\/proc\/[^/]+(?:\/task\/[^/]+)?\/(?:root|cwd|exe|fd\/[^/]+|map_files\/[^/]+)(?:\/|$)/;

function linkTarget(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch {
    return undefined;
  }
}

/** Without following links: `.` and `..` resolved in the text, relative to `/`. */
export function textualPath(path: string): string {
  const at: string[] = [];
  for (const name of path.split("/")) {
    if (name === "" || name === ".") continue;
    if (name === "..") at.pop();
    else at.push(name);
  }
  return `/${at.join("/")}`;
}

/** Whether `path` is `folder` or below it. */
export function isWithin(path: string, folder: string): boolean {
  return folder === "/" || path === folder || path.startsWith(`${folder}/`);
}
