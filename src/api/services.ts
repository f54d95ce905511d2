// What commands can ask for. Each is reached through a function, so that a run
// pays only for what it uses; every network call takes the call's AbortSignal.
import type { Approval, Entry, Gap, NewEntry, NodeRecord, NodeState, Scope, VclusterPolicy, Verdict } from "./domain.ts";
import type { Probe } from "./probe.ts";
import type { Chunk } from "./result.ts";
import type { Setting } from "./settings.ts";

export interface EntryQuery {
  readonly scope?: Scope | undefined;
  /** Only the last so many, newest first; without it ascending. */
  readonly last?: number;
  readonly from?: number;
}

export interface AppendAbout {
  /** The vCluster the entry is judged by. */
  readonly vcluster: string;
  readonly expectedHead?: number | null;
  /**
   * The entry waits for a second person: resolves when it is time to look again. Without it, waiting is a failure
   * that carries the approval's id.
   */
  readonly waiting?: (approvalId: string, signal: AbortSignal) => Promise<void>;
}

export interface Journal {
  /** URL, for messages. */
  readonly endpoint: string;
  list(query: EntryQuery, signal: AbortSignal): AsyncIterable<Entry>;
  /** Highest sequence in the journal; null when it is empty. */
  head(signal: AbortSignal): Promise<number | null>;
  /**
   * Appends and answers the sequence once it is durable. On a stock server, which checks
   * no roles, the policy is evaluated first.
   */
  append(entry: NewEntry, about: AppendAbout, signal: AbortSignal): Promise<number>;
  /** Entries as they are appended, from a sequence on, and gaps where some are missing; reconnects, never ends silently. */
  watch(from: number, signal: AbortSignal): AsyncIterable<Entry | Gap>;
}

export interface NodeFilter {
  readonly vcluster?: string | undefined;
  readonly state?: string | undefined;
  readonly unassigned?: boolean;
}

export interface Enrollment {
  list(filter: NodeFilter, signal: AbortSignal): Promise<readonly NodeRecord[]>;
  /** notFound when there is no such node. */
  inspect(nodeId: string, signal: AbortSignal): Promise<NodeRecord>;
}

export interface Policy {
  /** Creates an approval when one is needed: call it once per write, never for a dry run. */
  evaluate(action: string, scope: Scope, signal: AbortSignal): Promise<Verdict>;
  /** Approvals the caller may see, in whatever state the server still keeps them; oldest first. */
  approvals(signal: AbortSignal): Promise<readonly Approval[]>;
  /**
   * Approves or rejects. notFound for an unknown id, conflict when it is decided already, policy when it has expired,
   * forbidden for one's own (P4).
   */
  decide(approvalId: string, decision: { readonly approve: boolean; readonly reason: string }, signal: AbortSignal): Promise<void>;
  /** notFound when there is no such vCluster, or no policy of it. */
  effective(vcluster: string, signal: AbortSignal): Promise<VclusterPolicy>;
}

export interface StateParts {
  readonly drift?: boolean;
  readonly window?: boolean;
  readonly capability?: boolean;
  /** Answer only when journal entries up to here have reached the node. */
  readonly applied?: number;
}

export interface RemoteShell {
  /** Bytes of the remote terminal; ends when the remote shell does or the link is cut. */
  readonly output: AsyncIterable<Uint8Array>;
  write(bytes: Uint8Array): void;
  resize(rows: number, cols: number): void;
  /** Asks the agent to end the session. */
  close(): void;
  /** Settles at the end; rejects with connection when the link was lost. */
  readonly ended: Promise<{ readonly exitCode: number | null }>;
}

export interface Agent {
  readonly node: string;
  /** Address and where it came from, for messages. */
  readonly address: Setting<string>;
  /** Never throws for the node's failure: it comes as a Chunk with a problem. */
  exec(argv: readonly string[], signal: AbortSignal): AsyncIterable<Chunk>;
  shell(size: { rows: number; cols: number; term: string }, signal: AbortSignal): Promise<RemoteShell>;
  /** unsupported on agents without the extension. */
  state(parts: StateParts, signal: AbortSignal): Promise<NodeState>;
  /** Adds whole minutes to the open commit window; answers what remains of it, in s. precondition when none is open; stock agents answer 0. */
  extend(minutes: number, signal: AbortSignal): Promise<number>;
  /** Words `exec` would accept, for completion. */
  commands(signal: AbortSignal): Promise<readonly string[]>;
}

export interface Agents {
  /** The agent of a node: the address comes from the journal, the settings or the template. */
  at(node: string | NodeRecord, signal: AbortSignal): Promise<Agent>;
}

export interface Who {
  readonly principal: string;
  readonly principalType: string;
  readonly role: string;
  readonly server: string;
  readonly issuer: string | null;
  readonly expiresAt: Date | null;
  readonly tokenSource: string;
}

export type LoginFlow = "auto" | "device" | "service-account";

export interface LoggedOut {
  /** There was a login here. */
  readonly removed: boolean;
  readonly revoked: boolean;
  /** Sources that still have a token for this server. */
  readonly remaining: readonly string[];
  /** Other servers with a login. */
  readonly elsewhere: readonly string[];
}

export interface Identity {
  /** Who the token says it is; unauthenticated when there is none. Nothing goes over the network. */
  whoami(): Promise<Who>;
  login(
    options: { readonly flow: LoginFlow; readonly server: string | undefined },
    tell: (line: string) => void,
    signal: AbortSignal,
  ): Promise<Who>;
  /** Removes the cached tokens, then revokes (Auth4). Says what remains. */
  logout(signal: AbortSignal): Promise<LoggedOut>;
}

/** The terminal, lent for raw use. Everything is restored on release. */
export interface TerminalLease {
  readonly size: { readonly rows: number; readonly cols: number };
  readonly term: string;
  onInput(listener: (bytes: Uint8Array) => void): void;
  onResize(listener: (rows: number, cols: number) => void): void;
  write(bytes: Uint8Array): Promise<void>;
  release(): void;
}

export interface Terminal {
  /** Both stdin and stdout are terminals. */
  readonly interactive: boolean;
  lease(): TerminalLease | Promise<TerminalLease>;
}

export interface CommandInfo {
  /** The words one types. */
  readonly path: string;
  readonly summary: string;
  readonly effect: string;
  readonly owner: string;
  readonly group: string;
  readonly listed: boolean;
}

/** What commands exist: for help and for completion. */
export interface Catalog {
  commands(): readonly CommandInfo[];
  /** The help page of a command, or of the whole; null when there is no such command. */
  page(words: readonly string[]): Promise<HelpPage | null>;
  suggest(word: string): readonly string[];
  version(): { readonly version: string; readonly node: string };
}

export interface HelpPage {
  readonly title: string;
  readonly usage: string;
  readonly sections: readonly { readonly heading: string; readonly lines: readonly (string | readonly [string, string])[] }[];
}

export interface ConfigValue {
  readonly key: string;
  readonly value: string | number | boolean | null;
  readonly origin: string;
}

/** Settings as they hold now, and what a shell can change about them. */
export interface Session {
  readonly interactive: boolean;
  config(): readonly ConfigValue[];
  context(): readonly ConfigValue[];
  /** Sets vCluster and node for this session; null clears. Throws outside the shell. */
  use(selection: { readonly vcluster?: string | null; readonly node?: string | null }): void;
  /** Names of the `[context.NAME]` tables of cli.toml. */
  contexts(): readonly string[];
  /** Takes over a named context: endpoint, vCluster, node, output, read-only, as its table has them. */
  enter(name: string): void;
  /** Back to the selection before the last `use`. */
  back(): void;
  set(key: string, value: string): void;
  settable(): readonly string[];
  history(): readonly HistoryLine[];
  setPrivate(on: boolean): void;
  /** Ends the shell after this line. */
  leave(): void;
}

export interface HistoryLine {
  readonly n: number;
  readonly line: string;
  readonly time: Date;
  readonly exit: number | null;
}

/** The embedded site of this user, where there is one. */
export interface SiteInfo {
  /** Folder of the default site. */
  readonly defaultDir: string;
}

export interface Services {
  readonly journal: () => Promise<Journal>;
  readonly enrollment: () => Promise<Enrollment>;
  readonly policy: () => Promise<Policy>;
  readonly agents: () => Promise<Agents>;
  readonly identity: () => Promise<Identity>;
  readonly terminal: () => Terminal;
  readonly catalog: () => Catalog;
  readonly session: () => Session;
  readonly site: () => SiteInfo;
  readonly probe: () => Promise<Probe>;
}
