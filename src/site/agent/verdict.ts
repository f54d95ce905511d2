// What an argument rule answers about one command line.

export type Verdict =
  /** `args`: what to run instead of what was typed, to bound it. */
  | { readonly kind: "read" | "change"; readonly args?: readonly string[] }
  | { readonly kind: "refuse"; readonly why: string };

export interface RuleContext {
  /** Runs on a terminal: full-screen programs make sense. */
  readonly terminal: boolean;
}

/** Judges the arguments of one command. */
export type ArgumentRule = (args: readonly string[], context: RuleContext) => Verdict;

export const READ: Verdict = { kind: "read" };
export const CHANGE: Verdict = { kind: "change" };
export const refuse = (why: string): Verdict => ({ kind: "refuse", why });
