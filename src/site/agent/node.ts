// One node as its services see it: where it runs, what it may do, what it tells the journal.
import type { ConfigEntry } from "../../contract/gen/pact/config/ConfigEntry.ts";
import type { Caller, SiteConfig } from "../parts.ts";
import type { Profile } from "./access.ts";
import type { Desk } from "./call.ts";
import type { DriftWatch } from "./drift.ts";
import type { Place } from "./place.ts";
import type { Spool } from "./spool.ts";
import type { Supervisor } from "./supervisor.ts";
import type { CommitWindow } from "./window.ts";

export interface AgentNode {
  readonly name: string;
  readonly vcluster: string;
  readonly kind: "host" | "virtual";
  readonly bare: boolean;
  readonly profile: Profile;
  readonly config: SiteConfig;
  readonly place: Place;
  readonly desk: Desk;
  readonly spool: Spool;
  readonly window: CommitWindow;
  /** Folders that are refused in arguments; empty but on the host. */
  readonly forbidden: readonly string[];
  /** Absent on bare nodes. */
  readonly drift: DriftWatch | undefined;
  /** On virtual nodes with a namespace. */
  readonly supervisor: Supervisor | undefined;
}

/** Longest text of an entry, bytes. */
const MOST_BYTES = 4096;

/** An entry of the node's scope, in the name of the caller. */
export function entryOf(node: { readonly name: string }, caller: Caller, type: ConfigEntry["entry_type"], text: string, parent?: string): ConfigEntry {
  return {
    entry_type: type,
    scope: { node_id: node.name },
    author: { principal: caller.principal, principal_type: caller.principalType, role: caller.role },
    policy_ref: cutText(text),
    ...(parent === undefined ? {} : { parent }),
  };
}

/** Cut at a character, with a mark. */
function cutText(text: string): string {
  if (Buffer.byteLength(text) <= MOST_BYTES) return text;
  return `${Buffer.from(text).subarray(0, MOST_BYTES - 4).toString("utf8").replace(/\ufffd+$/, "")}…`;
}

/** Text, and behind it as much detail as fits: the first of `details` that does. */
export function withDetails(text: string, details: readonly unknown[]): string {
  for (const detail of details) {
    const whole = `${text} ${JSON.stringify(detail)}`;
    if (Buffer.byteLength(whole) <= MOST_BYTES) return whole;
  }
  return text;
}

/** A command line as one could type it. */
export function commandText(words: readonly string[]): string {
  return words.map((word) => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}
