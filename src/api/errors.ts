// Every way a command can fail: its name, its exit status and what it means.
// Names are never reused; docs/commands.md and `help exit-codes` are made from this table.

interface FailureKind {
  readonly exit: number;
  readonly means: string;
}

export const FAILURES = {
  usage: { exit: 1, means: "the words typed are not a command, or not its arguments" },
  invalid: { exit: 1, means: "the server refused a value" },
  notFound: { exit: 1, means: "there is no such node, entry, user or file" },
  precondition: { exit: 1, means: "the state does not allow it now" },
  notConfigured: { exit: 1, means: "a setting that this needs is not set" },
  unsupported: { exit: 1, means: "the server, the agent or this machine cannot do it" },
  connection: { exit: 1, means: "a peer other than the journal cannot be reached" },
  agentTimeout: { exit: 1, means: "a peer other than the journal did not answer in time" },
  remote: { exit: 1, means: "the server failed" },
  remoteExit: { exit: 1, means: "the remote command ended with a status other than 0" },
  local: { exit: 1, means: "a local program or file failed" },
  internal: { exit: 1, means: "a defect in pact or in a plugin" },
  unauthenticated: { exit: 2, means: "no token, or one that is expired or not accepted" },
  forbidden: { exit: 2, means: "the role does not allow it" },
  policy: { exit: 3, means: "a policy refuses it" },
  conflict: { exit: 4, means: "somebody else changed it meanwhile" },
  unreachable: { exit: 5, means: "the journal cannot be reached" },
  timeout: { exit: 5, means: "the journal did not answer in time" },
  notWhitelisted: { exit: 6, means: "the command is not on the node's whitelist" },
  rollbackFailed: { exit: 10, means: "active consumers hold the state, or its content is unknown" },
  interrupted: { exit: 130, means: "interrupted by the operator" },
} as const satisfies Readonly<Record<string, FailureKind>>;

export type FailureName = keyof typeof FAILURES;

export interface FailureDetails {
  /** Why, in the operator's terms. */
  readonly reason?: string | undefined;
  /** A command or an action that helps, ready to paste. */
  readonly hint?: string | undefined;
  /** Advice in the server's own words; shown as such. */
  readonly serverHint?: string | undefined;
  readonly node?: string | undefined;
  readonly requestId?: string | undefined;
  /** Where in the typed line the trouble is: offsets into its text. */
  readonly span?: { readonly start: number; readonly end: number } | undefined;
  readonly cause?: unknown;
  /** For notFound: the node that nobody knows, so that near names can be offered. */
  readonly unknownNode?: string | undefined;
  /** For policy: the approval that the write now waits for. */
  readonly approvalId?: string | undefined;
  /** For remoteExit: the remote status. */
  readonly exitCode?: number | undefined;
}

/** A failure with a name. Messages are lower case, name the object and have no full stop. */
export class PactError extends Error {
  readonly failure: FailureName;
  /** Not called `details`: assertion libraries take that for text of theirs. */
  readonly about: FailureDetails;

  constructor(failure: FailureName, message: string, details: FailureDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "PactError";
    this.failure = failure;
    this.about = details;
  }

  /** The same failure, seen at a node. */
  at(node: string): PactError {
    return new PactError(this.failure, this.message, { ...this.about, node });
  }
}

/** Most actionable first: when several failures mix, the earliest here decides the exit status. */
const PRECEDENCE: readonly number[] = [130, 2, 3, 6, 4, 10, 5, 1];

/** The exit status of a run from the problems it met; 0 when it met none. The only place that decides it. */
export function exitOf(problems: readonly PactError[]): number {
  let best: number | undefined;
  for (const problem of problems) {
    const code: number = FAILURES[problem.failure].exit;
    if (best === undefined || PRECEDENCE.indexOf(code) < PRECEDENCE.indexOf(best)) best = code;
  }
  return best ?? 0;
}

/** The largest remote status, for who wants it passed through. What is no exit status of a program (1 to 255) counts as 1, never as success. */
export function remoteExitOf(problems: readonly PactError[]): number {
  return Math.max(...problems.map(({ about: { exitCode = 1 } }) => (exitCode > 0 && exitCode <= 255 ? exitCode : 1)));
}

/** Anything thrown, as a PactError; what is not one already is a defect of ours. */
export function asPactError(thrown: unknown): PactError {
  if (thrown instanceof PactError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new PactError("internal", `unexpected failure: ${message}`, {
    cause: thrown,
    hint: "run again with -vv to see where, and report it",
  });
}
