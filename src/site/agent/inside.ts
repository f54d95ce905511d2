// Plain files of a node that the site itself reads and writes. The node's own processes may
// have put links, pipes or folders there meanwhile: each step of the way is opened from the
// one before it and no link is followed, so that none of them leads out of the node.
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { mkdir, open, type FileHandle } from "node:fs/promises";

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** A path through an open folder; its last name is the only one still looked up. */
export function within(folder: FileHandle, name: string): string {
  return `/proc/self/fd/${folder.fd}/${name}`;
}

/** Opens a folder below `root`, step by step; `make` makes what is missing. Throws where something else is in the way. */
export async function openFolder(root: string, path: string, make = false): Promise<FileHandle> {
  let here = await open(root, O_RDONLY | O_DIRECTORY);
  for (const name of path.split("/").filter((part) => part !== "")) {
    const before = here;
    try {
      if (make) await mkdir(within(before, name), { mode: 0o755 }).catch(alreadyThere);
      here = await open(within(before, name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    } finally {
      await before.close();
    }
  }
  return here;
}

function alreadyThere(error: unknown): void {
  if (codeOf(error) !== "EEXIST") throw error;
}

/** Opens a plain file of an open folder. Throws for links, pipes, devices and folders, and never waits for a pipe's other end. */
export async function openPlain(folder: FileHandle, name: string, flags: number): Promise<FileHandle> {
  const file = await open(within(folder, name), flags | O_NOFOLLOW | O_NONBLOCK, 0o644);
  try {
    if (!(await file.stat()).isFile()) throw new Error("it is not a plain file");
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** What a file of a node says: its text, that it is not there, or why it cannot be read. */
export type Reading = { readonly text: string } | { readonly missing: true } | { readonly why: string };

/**
 * Reads a small text below `root`, such as `run/pact/mounts.toml`. At once: a node's root is a folder of
 * this machine's disk, and looks happen often.
 */
export function readInside(root: string, folderPath: string, name: string, mostBytes: number): Reading {
  let here: number | undefined;
  try {
    here = openSync(root, O_RDONLY | O_DIRECTORY);
    for (const step of folderPath.split("/")) here = stepInto(here, step, O_DIRECTORY);
    here = stepInto(here, name, O_NONBLOCK);
    if (!fstatSync(here).isFile()) return { why: "it is not a plain file" };
    const buffer = Buffer.alloc(mostBytes + 1);
    const bytesRead = readSync(here, buffer, 0, buffer.length, 0);
    if (bytesRead > mostBytes) return { why: `it is larger than ${mostBytes} bytes` };
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(buffer.subarray(0, bytesRead)) };
  } catch (error) {
    return codeOf(error) === "ENOENT" ? { missing: true } : { why: reasonOf(error) };
  } finally {
    if (here !== undefined) closeSync(here);
  }
}

/** Opens a name of an open folder, which is closed when that worked. */
function stepInto(folder: number, name: string, flags: number): number {
  const next = openSync(`/proc/self/fd/${folder}/${name}`, O_RDONLY | O_NOFOLLOW | flags);
  closeSync(folder);
  return next;
}

const REASONS: Readonly<Record<string, string>> = {
  ELOOP: "it is a link, and links are not followed",
  ENOTDIR: "something on the way to it is no folder",
  ENXIO: "it is not a plain file",
  EACCES: "it may not be read",
  ERR_ENCODING_INVALID_ENCODED_DATA: "it is not UTF-8 text",
};

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** In words that name no path of this machine. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code !== undefined) return REASONS[code] ?? code;
  return error instanceof Error ? error.message : "it cannot be read";
}
