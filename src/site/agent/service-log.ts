// The log of one service: run/pact/logs/NAME.log of its node, and NAME.log.1, what came before
// it. Both together never hold much more than twice the limit, however much the service says.
import { constants } from "node:fs";
import { readdir, rename, type FileHandle } from "node:fs/promises";
import { openFolder, openPlain, reasonOf, within } from "./inside.ts";
import { SERVICE_NAME } from "./service-file.ts";

const LOGS = "run/pact/logs";
/** Bytes of one file. */
export const LOG_BYTES = 1024 * 1024;
const WRITE = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND;

export interface ServiceLog {
  /** Takes a piece of output; resolves when the next may come. What cannot be kept is dropped. */
  write(chunk: Buffer): Promise<void>;
  /** Why nothing is kept at the moment. */
  readonly trouble: string | undefined;
  close(): Promise<void>;
}

/** `root`: the node's. Nothing is opened before the first write. */
export function openServiceLog(root: string, name: string, limit = LOG_BYTES): ServiceLog {
  let folder: FileHandle | undefined;
  let file: FileHandle | undefined;
  let trouble: string | undefined;
  let turn: Promise<void> = Promise.resolve();

  const shut = async (): Promise<void> => {
    const both = [file, folder];
    file = folder = undefined;
    for (const one of both) await one?.close().catch(() => {});
  };
  const put = async (chunk: Buffer): Promise<void> => {
    if (file === undefined) {
      folder = await openFolder(root, LOGS, true);
      file = await openPlain(folder, `${name}.log`, WRITE);
    }
    const { size, nlink } = await file.stat();
    // Somebody took the file away, or it is full.
    if (nlink === 0) await shut();
    else if (size > 0 && size + chunk.length > limit) {
      if (folder !== undefined) await rename(within(folder, `${name}.log`), within(folder, `${name}.log.1`));
      await shut();
    } else return void (await file.writeFile(chunk));
    await put(chunk);
  };
  const keep = async (chunk: Buffer): Promise<void> => {
    try {
      // One piece is never larger than a file.
      for (let at = 0; at < chunk.length; at += limit) await put(chunk.subarray(at, at + limit));
      trouble = undefined;
    } catch (error) {
      trouble = reasonOf(error);
      await shut();
    }
  };
  return {
    write(chunk) {
      turn = turn.then(() => keep(chunk));
      return turn;
    },
    get trouble() {
      return trouble;
    },
    async close() {
      await turn;
      await shut();
    },
  };
}

export interface LogEnd {
  readonly text: string;
  /** Whether there was more than was read. */
  readonly more: boolean;
}

/** The last bytes of a service's log, from both files; nothing where it has none. */
export async function endOfLog(root: string, name: string, mostBytes: number): Promise<LogEnd> {
  let folder: FileHandle | undefined;
  try {
    folder = await openFolder(root, LOGS);
    const now = await endOf(folder, `${name}.log`, mostBytes);
    const before = await endOf(folder, `${name}.log.1`, mostBytes - now.bytes.length);
    return { text: Buffer.concat([before.bytes, now.bytes]).toString("utf8"), more: now.more || before.more };
  } catch {
    return { text: "", more: false };
  } finally {
    await folder?.close();
  }
}

async function endOf(folder: FileHandle, name: string, mostBytes: number): Promise<{ bytes: Buffer; more: boolean }> {
  let file: FileHandle | undefined;
  try {
    file = await openPlain(folder, name, constants.O_RDONLY);
    const { size } = await file.stat();
    const length = Math.min(size, mostBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return { bytes: buffer.subarray(0, bytesRead), more: size > length };
  } catch {
    return { bytes: Buffer.alloc(0), more: false };
  } finally {
    await file?.close();
  }
}

/** Names of the services that have a log. */
export async function loggedServices(root: string): Promise<string[]> {
  let folder: FileHandle | undefined;
  try {
    folder = await openFolder(root, LOGS);
    return (await readdir(within(folder, ""))).filter((name) => name.endsWith(".log")).map((name) => name.slice(0, -".log".length))
      .filter((name) => SERVICE_NAME.test(name)).sort();
  } catch {
    return [];
  } finally {
    await folder?.close();
  }
}
