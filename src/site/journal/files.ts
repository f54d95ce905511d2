// The databases of a journal's folder and what is in each. Opened for writing by one store, or read-only to check them.
import { join } from "node:path";
import { open } from "lmdb";
import type { Database, RootDatabase } from "lmdb";

export type LogName = "journal" | "audit";
const STORE_FILE = "journal.mdb";

/** The databases of the folder, opened for writing or only for reading. */
export interface Files {
  /** The folder. */
  readonly dir: string;
  readonly root: RootDatabase<Buffer, string>;
  readonly logs: Readonly<Record<LogName, Database<Buffer, number>>>;
  /** Sequence of an entry to the index of its record. */
  readonly sequences: Database<Buffer, number>;
  /** [scope, sequence] of every entry. */
  readonly scopes: Database<Buffer, [string, number]>;
  readonly meta: Database<Buffer, string>;
}

/** Opens the folder's databases. Throws when they are missing and `readOnly` is asked for. */
export function openFiles(dir: string, readOnly: boolean): Files {
  const root = open<Buffer, string>({ path: join(dir, STORE_FILE), maxDbs: 8, encoding: "binary", readOnly });
  const numbered = (name: string): Database<Buffer, number> => root.openDB({ name, encoding: "binary", keyEncoding: "uint32" });
  return {
    dir,
    root,
    logs: { journal: numbered("journal"), audit: numbered("audit") },
    sequences: numbered("sequences"),
    scopes: root.openDB({ name: "scopes", encoding: "binary" }),
    meta: root.openDB({ name: "meta", encoding: "binary" }),
  };
}

/** An index as it is stored: 8 bytes, big-endian. */
export function numberBytes(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
