// Notices that something below a set of folders changed: by inotify, with a slow look
// as a net for what inotify cannot see (its limits, other file systems).
import { watch, type FSWatcher } from "node:fs";

export interface Watch {
  /** Follows exactly these folders from now on. */
  set(folders: readonly string[]): void;
  /** As if an event had come. */
  notice(): void;
  close(): void;
}

/** `changed` is called soon after the first of a burst of events, and again while they go on. */
export function openWatch(changed: () => void, settleMs: number, slowMs: number): Watch {
  const watchers = new Map<string, FSWatcher>();
  let soon: NodeJS.Timeout | undefined;
  const slow = setInterval(changed, slowMs);
  slow.unref();
  const noticed = (): void => {
    soon ??= setTimeout(() => {
      soon = undefined;
      changed();
    }, settleMs);
  };
  const drop = (folder: string): void => {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  };
  return {
    set(folders) {
      const wanted = new Set(folders);
      for (const folder of [...watchers.keys()]) if (!wanted.has(folder)) drop(folder);
      for (const folder of wanted) {
        if (watchers.has(folder)) continue;
        try {
          const watcher = watch(folder, { persistent: false }, noticed);
          watcher.on("error", () => { drop(folder); noticed(); });
          watchers.set(folder, watcher);
        } catch {
          // Gone again, or no watches left: the slow look remains.
        }
      }
    },
    notice: noticed,
    close() {
      clearTimeout(soon);
      clearInterval(slow);
      for (const folder of [...watchers.keys()]) drop(folder);
    },
  };
}
