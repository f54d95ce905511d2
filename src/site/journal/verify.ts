// Checks a journal's folder without a running site: both chains, and that every index says what the log says.
import { GENESIS, flaw, readLink } from "./chain.ts";
import { entryOf } from "./entry.ts";
import { openFiles } from "./files.ts";
import type { Files, LogName } from "./files.ts";

/** Problems listed at most for one log; one broken link says enough. */
const MAX_PROBLEMS = 20;

export interface Verification {
  /** Configuration entries. */
  readonly entries: number;
  /** Audit records. */
  readonly audit: number;
  /** Empty when all is well. */
  readonly problems: string[];
}

/** Opens the folder read-only. Throws when there is no journal in it. */
export async function verifyJournal(dir: string): Promise<Verification> {
  const files = openFiles(dir, true);
  try {
    const journal = checkLog(files, "journal");
    const audit = checkLog(files, "audit");
    const indexed = files.sequences.getKeysCount();
    const problems = [...journal.problems, ...audit.problems];
    if (indexed !== journal.entries) problems.push(`the index knows ${indexed} entries, the log has ${journal.entries}`);
    return { entries: journal.entries, audit: audit.records, problems };
  } finally {
    await files.root.close();
  }
}

function checkLog(files: Files, name: LogName): { records: number; entries: number; problems: string[] } {
  const problems: string[] = [];
  let records = 0;
  let entries = 0;
  let prev = GENESIS;
  for (const { key, value } of files.logs[name].getRange()) {
    if (problems.length >= MAX_PROBLEMS) break;
    try {
      const link = readLink(value);
      const problem = key === records ? flaw(value, link, records, prev) : `record ${key} stands where ${records} belongs`;
      if (problem !== undefined) problems.push(`${name}: ${problem}`);
      if (link.kind === "entry") {
        if (entryOf(link).sequence !== entries) problems.push(`${name}: record ${key} holds entry ${entryOf(link).sequence}, not ${entries}`);
        entries += 1;
      }
      prev = link.hash;
    } catch (error) {
      problems.push(`${name}: record ${key} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
    records += 1;
  }
  const head = files.meta.get(`head:${name}`);
  if (records > 0 && head?.subarray(8).equals(prev) !== true) problems.push(`${name}: the head is not the last record`);
  return { records, entries, problems };
}
