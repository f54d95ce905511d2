// Takes a folder for this process, or finds the site that has it. Of two starts at once
// one gets the lock; the other waits until the first answers.
import { setTimeout as delay } from "node:timers/promises";
import type { SiteFile } from "../contract/control.ts";
import { askSite } from "./control.ts";
import { holderOf, tryLock } from "./lock.ts";
import type { SitePaths } from "./paths.ts";
import { SiteProblem } from "./problem.ts";
import { readSiteFile } from "./site-file.ts";

/** The description of the site that answers in a folder; undefined when none does. */
export async function runningSite(paths: SitePaths, deadlineMs = 2_000): Promise<SiteFile | undefined> {
  const file = readSiteFile(paths.file);
  if (file === undefined) return undefined;
  try {
    const answer = await askSite(paths.socket, { do: "ping" }, deadlineMs);
    return answer["pid"] === file.pid ? file : undefined;
  } catch {
    return undefined;
  }
}

export type Taken = { readonly release: () => void } | { readonly running: SiteFile };

/** Throws SiteProblem when the holder neither answers nor goes within the deadline, or the signal aborts. */
export async function takeFolder(paths: SitePaths, deadlineMs = 20_000, signal?: AbortSignal): Promise<Taken> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    signal?.throwIfAborted();
    const release = tryLock(paths.lock);
    if (release !== undefined) return { release };
    const running = await runningSite(paths);
    if (running !== undefined) return { running };
    if (performance.now() > end) {
      const pid = holderOf(paths.lock)?.pid;
      throw new SiteProblem(
        "precondition",
        `process ${pid ?? "(unknown)"} holds ${paths.dir} and does not answer`,
        `wait, or end it: kill ${pid ?? "PID"}`,
      );
    }
    await delay(100, undefined, signal === undefined ? {} : { signal });
  }
}
