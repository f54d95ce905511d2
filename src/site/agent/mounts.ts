// The mounts of a node: what a virtual node claims in run/pact/mounts.toml, and on the
// machine itself what the kernel lists, without what belongs to the kernel or to containers.
import { readFileSync } from "node:fs";
import { isTable, readToml, type Table } from "../toml.ts";
import { NOT_KNOWN, type Found } from "./found.ts";
import { readInside } from "./inside.ts";

export interface Mount {
  readonly fs_type: string;
  readonly source: string;
  /** As mount writes them, comma between; begins with `ro` exactly when it is read-only. */
  readonly options: string;
  readonly read_only: boolean;
}

/** Where a virtual node says what it mounts, as it sees the file itself. */
export const CLAIMS = "/run/pact/mounts.toml";
/** Type of what stands for claims that cannot be understood; its source is why. */
export const UNREADABLE = "unreadable";

const MOST_BYTES = 64 * 1024;
const MOST_MOUNTS = 1000;
const MOST_TEXT = 1000;
const TYPE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
// Brackets enclose the options where a mount is written as text.
const OPTIONS = /^[^\s()\x00-\x1f\x7f]*$/;
const PLAIN = /^[^\x00-\x1f\x7f]+$/;
const PATH = /^\/(?!.*\/\.{0,2}(?:\/|$))[^\x00-\x1f\x7f]*$|^\/$/;
const KEYS: readonly string[] = ["type", "source", "options", "read_only"];

/** Both ways to say "read-only" at once, so that equal mounts are equal in every field. */
export function mountOf(fs_type: string, source: string, options: string, readOnly: boolean): Mount {
  const words = options.split(",").filter((word) => word !== "" && word !== "rw");
  const read_only = readOnly || words.includes("ro");
  const rest = words.filter((word) => word !== "ro");
  return { fs_type, source, options: (read_only ? ["ro", ...rest] : rest).join(","), read_only };
}

/** What a node below `root` claims. No file: nothing. */
export function claimedMounts(root: string): Found<Mount> {
  const reading = readInside(root, "run/pact", "mounts.toml", MOST_BYTES);
  if ("missing" in reading) return { items: new Map(), trouble: undefined };
  if ("why" in reading) return { items: undefined, trouble: reading.why };
  try {
    return { items: claimsOf(reading.text), trouble: undefined };
  } catch (error) {
    return { items: undefined, trouble: error instanceof Error ? error.message.slice(0, MOST_TEXT) : "it is not TOML" };
  }
}

/** `[mounts]` of PATH = { type, source, options, read_only }, as in a file for apply. Throws an Error that says what is wrong. */
export function claimsOf(text: string): Map<string, Mount> {
  const { mounts = {}, ...others } = readToml(text);
  const stray = Object.keys(others)[0];
  if (stray !== undefined) throw new Error(`${quoted(stray)} is not known here; mounts stand below [mounts]`);
  if (!isTable(mounts)) throw new Error("mounts is no table");
  const claims = Object.entries(mounts);
  if (claims.length > MOST_MOUNTS) throw new Error(`more than ${MOST_MOUNTS} mounts`);
  return new Map(claims.map(([path, claim]) => {
    if (!PATH.test(path) || path.length > MOST_TEXT) throw new Error(`${quoted(path)} is not an absolute path in its shortest form`);
    if (!isTable(claim)) throw new Error(`${path}: a mount is { type, source, options, read_only }`);
    return [path, mountFrom(path, claim)];
  }));
}

function mountFrom(path: string, claim: Table): Mount {
  const stray = Object.keys(claim).find((key) => !KEYS.includes(key));
  if (stray !== undefined) throw new Error(`${path}: ${quoted(stray)} is not known; known are ${KEYS.join(", ")}`);
  const { type, source, options = "", read_only: readOnly = false } = claim;
  if (typeof type !== "string" || !TYPE.test(type)) throw new Error(`${path}: type names no file system`);
  if (typeof source !== "string" || !PLAIN.test(source) || source.length > MOST_TEXT) throw new Error(`${path}: source is missing or no plain text`);
  if (typeof options !== "string" || !OPTIONS.test(options) || options.length > MOST_TEXT) throw new Error(`${path}: options are words with commas between`);
  if (typeof readOnly !== "boolean") throw new Error(`${path}: read_only is true or false`);
  return mountOf(type, source, options, readOnly);
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}

const NOT_STORAGE = /^(?:tmpfs|ramfs|overlay|aufs|cgroup2?|proc|sysfs|devtmpfs|devpts|mqueue|hugetlbfs|debugfs|tracefs|securityfs|selinuxfs|pstore|bpf|configfs|fusectl|efivarfs|autofs|binfmt_misc|rpc_pipefs|nsfs|nfsd)$/;

/** What is mounted on this machine; not known where the kernel does not tell. */
export function machineMounts(): Found<Mount> {
  try {
    return { items: mountsOf(readFileSync("/proc/self/mountinfo", "utf8")), trouble: undefined };
  } catch {
    return NOT_KNOWN;
  }
}

/** Reads the kernel's list; of several mounts in one place the last counts, as it hides the others. */
export function mountsOf(mountinfo: string): Map<string, Mount> {
  const found = new Map<string, Mount>();
  for (const line of mountinfo.split("\n")) {
    const [before = "", after] = line.split(" - ", 2);
    const [, , , , path = "", options = ""] = before.split(" ");
    const [type = "", source = "", superOptions = ""] = after?.split(" ") ?? [];
    if (path === "" || type === "") continue;
    const place = unescaped(path);
    found.delete(place);
    if (NOT_STORAGE.test(type) || found.size >= MOST_MOUNTS) continue;
    const words = [...new Set([...options.split(","), ...superOptions.split(",")])].map((word) => word.replace(/[\s()]/g, "_"));
    // A file system may be writable and mounted read-only here: the mount's own word counts, the other is of no use.
    const ro = options.split(",").includes("ro") || superOptions.split(",").includes("ro");
    found.set(place, mountOf(type, unescaped(source), words.filter((word) => word !== "ro").join(",").slice(0, MOST_TEXT), ro));
  }
  return found;
}

/** The kernel writes blanks and their kind as \ooo. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8))).slice(0, MOST_TEXT);
}
