// Files and folders of pact on this machine: whose they are, who else may write them, and
// whether pact can. Only looked at, never put right.
import { accessSync, constants, lstatSync, statSync, type Stats } from "node:fs";
import { dirname } from "node:path";
import { type Finding, finding } from "../api/index.ts";
import { quoted } from "../auth/cache.ts";

const { fail, ok, warn } = finding;

const mode = (stat: Stats): string => (stat.mode & 0o7777).toString(8).padStart(4, "0");
const isOurs = ({ uid }: Stats): boolean => process.getuid === undefined || uid === process.getuid();

function canWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** undefined: nothing is there. Throws what the system says otherwise, such as EACCES. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

/** `lost`: what does not work when pact cannot write there. */
export function folderFinding(check: string, path: string, lost: string): Finding {
  try {
    const stat = statOf(path);
    if (stat === undefined) return notYet(check, path, lost);
    if (!stat.isDirectory()) return fail(check, `${path} is not a folder`, `mv ${quoted(path)} ${quoted(`${path}.old`)}`);
    if (!isOurs(stat)) return fail(check, `${path} belongs to uid ${stat.uid}, not to you`, "set HOME, or the XDG variables, to folders of your own");
    if ((stat.mode & 0o022) !== 0) return fail(check, `${path} has mode ${mode(stat)}: others can write into it`, `chmod go-w ${quoted(path)}`);
    if (!canWrite(path)) return warn(check, `${path} cannot be written: ${lost}`, `chmod u+w ${quoted(path)}`);
    return ok(check, `${path}, mode ${mode(stat)}`);
  } catch (error) {
    return fail(check, `${path} cannot be looked at: ${reasonOf(error)}`, `ls -ld ${quoted(path)}`);
  }
}

function notYet(check: string, path: string, lost: string): Finding {
  let above = dirname(path);
  while (statOf(above) === undefined && dirname(above) !== above) above = dirname(above);
  if (canWrite(above)) return ok(check, `${path} is not there yet, and is made when it is needed`);
  return warn(check, `${path} is not there, and ${above} cannot be written: ${lost}`, "set HOME, or the XDG variables, to folders of your own");
}

/** What is wrong with who may write a configuration file; undefined when nothing is. */
export function writableByOthers(check: string, path: string): Finding | undefined {
  const stat = statOf(path);
  if (stat === undefined) return undefined;
  if (!isOurs(stat) && stat.uid !== 0) return fail(check, `${path} belongs to uid ${stat.uid}, who decides by it where your token goes`, `ls -l ${quoted(path)}`);
  if ((stat.mode & 0o002) !== 0) return fail(check, `${path} has mode ${mode(stat)}: anybody can write it, and decide where your token goes`, `chmod go-w ${quoted(path)}`);
  if ((stat.mode & 0o020) !== 0) return warn(check, `${path} has mode ${mode(stat)}: its group can write it, and decide where your token goes`, `chmod g-w ${quoted(path)}`);
  return undefined;
}

export function historyFinding(path: string): Finding {
  const check = "history";
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return ok(check, `${path} is not there yet; the shell makes it`);
    const target = statSync(path);
    if (!target.isFile()) return fail(check, `${path} is not a file, so the shell keeps no history`, `mv ${quoted(path)} ${quoted(`${path}.old`)}`);
    if (!isOurs(target)) return fail(check, `${path} belongs to uid ${target.uid}, so the shell keeps no history`, `ls -l ${quoted(path)}`);
    if ((target.mode & 0o077) !== 0) return warn(check, `${path} has mode ${mode(target)}: others can read what you typed`, `chmod 600 ${quoted(path)}`);
    if (!canWrite(path)) return warn(check, `${path} cannot be written, so new lines are not kept`, `chmod u+w ${quoted(path)}`);
    return ok(check, `${path}, ${Math.ceil(target.size / 1024)} KiB, mode ${mode(target)}`);
  } catch (error) {
    return fail(check, `${path} cannot be used: ${reasonOf(error)}`, `ls -l ${quoted(path)}`);
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "unknown reason");
