// Entries of another client, for a watch to show.
import { clientOf } from "../support/client.ts";
import type { TestSite } from "../support/site.ts";

const signal = new AbortController().signal;

/** Commits messages by a client of its own; answers their sequences. */
export async function append(site: TestSite, ...messages: string[]): Promise<number[]> {
  const client = await clientOf(site, "admin");
  const scope = { kind: "vcluster", name: "ml-training" } as const;
  try {
    const seqs: number[] = [];
    for (const message of messages) seqs.push(await client.journal.append({ type: "COMMIT", scope, message }, { vcluster: scope.name }, signal));
    return seqs;
  } finally {
    client.close();
  }
}

/** Commits the same message so many times, many at once; answers the sequences, ascending. */
export async function appendMany(site: TestSite, count: number, message: string): Promise<number[]> {
  const client = await clientOf(site, "admin");
  const scope = { kind: "vcluster", name: "ml-training" } as const;
  const commit = (): Promise<number> => client.journal.append({ type: "COMMIT", scope, message }, { vcluster: scope.name }, signal);
  try {
    const seqs = await Promise.all(Array.from({ length: count }, commit));
    return seqs.sort((a, b) => a - b);
  } finally {
    client.close();
  }
}
