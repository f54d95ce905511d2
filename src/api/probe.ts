// What `doctor` asks for: looks at what a run depends on, each alone and each without
// changing anything. Whoever asks decides what depends on what, and how long to wait.
import type { NodeRecord } from "./domain.ts";
import type { FailureName, PactError } from "./errors.ts";
import type { Who } from "./services.ts";
import type { Setting } from "./settings.ts";

/** What a look at one thing came to. */
export interface Finding {
  readonly check: string;
  readonly status: "ok" | "warn" | "fail" | "skipped";
  readonly detail: string;
  /** What to do about it; null when there is nothing to do. */
  readonly hint: string | null;
  /** What a failed one counts as, so that the exit status follows from it; null for the others. */
  readonly failure: FailureName | null;
}

/** How findings are made. A failure becomes what happened and why; `hint` holds where the failure itself has no advice, or none but to look here. */
export const finding = {
  ok: (check: string, detail: string): Finding => ({ check, status: "ok", detail, hint: null, failure: null }),
  warn: (check: string, detail: string, hint: string): Finding => ({ check, status: "warn", detail, hint, failure: null }),
  fail: (check: string, detail: string, hint: string, failure: FailureName = "local"): Finding => ({ check, status: "fail", detail, hint, failure }),
  skipped: (check: string, because: string): Finding => ({ check, status: "skipped", detail: `because ${because}`, hint: null, failure: null }),
  failed: (check: string, { failure, message, about }: PactError, hint: string): Finding =>
    ({ check, status: "fail", detail: about.reason === undefined ? message : `${message}: ${about.reason}`, hint: about.hint === undefined || about.hint === "pact doctor" ? hint : about.hint, failure }),
};

/** The journal's endpoint, once something has taken the connection. */
export interface Reached {
  /** Scheme, host and port. */
  readonly url: string;
  /** The address that answered is one of this machine. */
  readonly loopback: boolean;
  /** The variable that names a proxy in between: then nothing was tried. */
  readonly proxy: string | null;
  /** null where TLS is not spoken. */
  readonly certificate: ServerCertificate | null;
}

export interface ServerCertificate {
  readonly subject: string;
  readonly issuer: string;
  readonly validTo: Date;
  /** Why it is not trusted; null when it is. */
  readonly problem: { readonly reason: string; readonly hint: string | null } | null;
}

export interface TokenSurvey {
  /** Whose token the next call would carry; null when there is none. */
  readonly who: Who | null;
  /** `due`: the next call renews it first, at `issuer`. */
  readonly renewal: "none" | "possible" | "due";
  /** Who issued a token that can be renewed. */
  readonly issuer: string | null;
  /** Why no token is used; null when one is. */
  readonly problem: PactError | null;
  /** Sources that were passed by, and why. */
  readonly passedBy: readonly string[];
  /** Sources with a usable token that comes later in the order. */
  readonly hidden: readonly string[];
}

export interface LoginAt {
  readonly issuer: string;
  readonly clientId: string;
  /** The address that told, or the setting. */
  readonly where: string;
}

export interface IssuerAnswer {
  readonly issuer: string;
  /** Kinds of login it offers, for people. */
  readonly offers: readonly string[];
}

export interface JournalAnswer {
  /** `embedded` knows our extensions. */
  readonly kind: "embedded" | "stock";
  /** Records of nodes; names alone where this journal keeps none and cli.toml names agents. */
  readonly nodes: readonly (NodeRecord | string)[];
  readonly keepsRecords: boolean;
}

export interface AgentAnswer {
  readonly node: string;
  /** null when none could be made out. */
  readonly address: Setting<string> | null;
  /** null when it answered, be it that the role may not ask. */
  readonly problem: PactError | null;
}

export interface ClockSkew {
  /** How far the other clock is ahead of this machine's; negative when it is behind. */
  readonly aheadS: number;
  /** How much of that may be the way there and back. */
  readonly errorS: number;
  readonly of: string;
}

/** Every method throws PactError; those that take a signal end when it aborts. */
export interface Probe {
  readonly endpoint: Setting<string>;
  readonly now: () => Date;
  /** Versions, terminal, configuration files, folders, the embedded site. Nothing leaves the machine. */
  machine(): Promise<readonly Finding[]>;
  reach(signal: AbortSignal): Promise<Reached>;
  /** Nothing is renewed. */
  token(signal: AbortSignal): Promise<TokenSurvey>;
  loginAt(signal: AbortSignal): Promise<LoginAt>;
  issuer(url: string, signal: AbortSignal): Promise<IssuerAnswer>;
  journal(signal: AbortSignal): Promise<JournalAnswer>;
  agent(node: NodeRecord | string, signal: AbortSignal): Promise<AgentAnswer>;
  /** From what servers have answered so far; null when none told the time. */
  skew(): ClockSkew | null;
  /** Hangs up. */
  close(): Promise<void>;
}
