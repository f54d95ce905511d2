// `> FILE` and `>> FILE`: a plain file as a sink. Written directly, so that links, devices
// and permissions mean what they mean to every other program.
import { type FileHandle, open } from "node:fs/promises";
import { resolve } from "node:path";
import { PactError } from "../api/index.ts";
import type { Redirect } from "./grammar.ts";
import { ClosedSink, type Sink } from "./sink.ts";

const WHY: Readonly<Record<string, string>> = {
  ENOENT: "there is no such folder",
  EACCES: "permission denied",
  EPERM: "not permitted",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is not a folder",
  ENOSPC: "no space left",
  EDQUOT: "the quota is used up",
  EROFS: "the file system is read-only",
  EFBIG: "the file would be too large",
  ELOOP: "too many links",
  ETXTBSY: "it is a running program",
};

/** What cannot be written, and why. */
export function writeFailure(name: string, error: unknown): PactError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reason = WHY[code] ?? (error instanceof Error ? error.message : String(error));
  return new PactError("local", `cannot write ${name}`, { reason, cause: error });
}

export interface FileSink extends Sink {
  /** Waits for what was written and closes; answers what went wrong, once. */
  close(): Promise<PactError | undefined>;
}

/** Opens the file, mode 0666 less the umask. Throws local. */
export async function openRedirect(redirect: Redirect, place: { cwd: string; home: string | undefined }): Promise<FileSink> {
  const { text: name, quoted } = redirect.file;
  const home = place.home;
  const expanded = !quoted && home !== undefined && /^~(\/|$)/.test(name) ? home + name.slice(1) : name;
  let handle: FileHandle;
  try {
    handle = await open(resolve(place.cwd, expanded), redirect.append ? "a" : "w", 0o666);
  } catch (error) {
    throw writeFailure(name, error);
  }
  return fileSink(name, handle);
}

function fileSink(name: string, handle: FileHandle): FileSink {
  let problem: PactError | undefined;
  let last: Promise<void> = Promise.resolve();
  return {
    width: undefined,
    color: false,
    // Writes take turns, whether or not the writer waits. A full disk ends the writer
    // quietly, like a reader that left; close() says why, once.
    write(data) {
      last = last.then(async () => {
        if (problem !== undefined) throw new ClosedSink();
        try {
          await handle.appendFile(data);
        } catch (error) {
          problem = writeFailure(name, error);
          throw new ClosedSink();
        }
      });
      const mine = last;
      last = mine.catch(() => undefined);
      return mine;
    },
    async close() {
      await last;
      try {
        await handle.close();
      } catch (error) {
        problem ??= writeFailure(name, error);
      }
      return problem;
    },
  };
}
