// What all site commands share: which folder they mean, and how a site's trouble is told.
import { flag, PactError, values } from "pact/api";
import type { ControlAnswer, ControlRequest } from "../../contract/control.ts";
import { askSite } from "../control.ts";
import { siteDirOf } from "../paths.ts";
import { codeOf, messageOf, SiteProblem } from "../problem.ts";
import { existingSite, noSite } from "../stop.ts";
import { lookAtSite } from "../site-file.ts";

/** The flag that every site command takes. */
export const dir = flag(values.path, "folder of the site; without it your own");

interface About {
  readonly flags: { readonly dir: string | undefined };
  readonly site: () => { readonly defaultDir: string };
}

/** The folder a call means, as an absolute path. */
export const folderOf = ({ flags, site }: About): string => (flags.dir === undefined ? site().defaultDir : siteDirOf(flags.dir));

/** Runs what touches a site; its problems come out as failures with a name. */
export async function told<T>(run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    // A full disk, a folder that may not be read: the machine's trouble, not a defect of pact.
    if (codeOf(error) !== undefined) throw new PactError("local", messageOf(error), { cause: error });
    if (!(error instanceof SiteProblem)) throw error;
    throw new PactError(error.kind, error.message, { hint: error.hint, cause: error.cause });
  }
}

/** Asks the running site of a folder. */
export function ask(folder: string, request: ControlRequest): Promise<Extract<ControlAnswer, { ok: true }>> {
  return told(async () => {
    const paths = existingSite(folder);
    if (!lookAtSite(paths).alive) throw noSite(folder);
    return askSite(paths.socket, request);
  });
}

/** A text field of an answer; a site that leaves it out is not one we know. */
export function textOf(answer: Readonly<Record<string, unknown>>, key: string): string {
  const value = answer[key];
  if (typeof value !== "string") throw new PactError("remote", `the site's answer lacks "${key}"`);
  return value;
}

/** Refuses to put a secret on a screen by accident. */
export function mayShow(call: { readonly terminal: () => { readonly interactive: boolean }; readonly flags: { readonly show: boolean } }, what: string): void {
  if (call.terminal().interactive && !call.flags.show) {
    throw new PactError("usage", `${what} would be shown on this terminal`, { hint: "add --show, or redirect the output to a file" });
  }
}
