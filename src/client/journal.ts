// The journal as commands see it: reading, appending and watching put together.
import type { Journal, Policy, Principal } from "../api/index.ts";
import { appendEntry } from "./append.ts";
import type { Link } from "./channel.ts";
import { head, listEntries } from "./history.ts";
import { watchEntries } from "./watch.ts";

export interface JournalOptions {
  readonly link: Link;
  readonly policy: Policy;
  readonly principal: () => Promise<Principal>;
  readonly timeoutMs: number;
  readonly note: (line: string) => void;
}

export function createJournal(options: JournalOptions): Journal {
  const { link, timeoutMs } = options;
  return {
    endpoint: link.endpoint.url,
    list: (query, signal) => listEntries(link, query, { signal, limitMs: timeoutMs }),
    head: (signal) => head(link, { signal, limitMs: timeoutMs }),
    append: (entry, about, signal) => appendEntry(options, entry, about, signal),
    watch: (from, signal) => watchEntries({ link, timeoutMs, note: options.note }, from, signal),
  };
}
