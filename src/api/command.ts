// A command: a declaration and one function that returns a value. It never
// touches a terminal, a stream or the process.
import type { Params, ValuesOf } from "./params.ts";
import type { Result } from "./result.ts";
import type { Services } from "./services.ts";
import type { Setting } from "./settings.ts";

export type Effect = "local" | "read" | "write" | "exec" | "delegate";
export type Role = "anyone" | "viewer" | "ops" | "regulated" | "admin";

/** One invocation, as the command sees it. Everything here is safe to destructure. */
export interface Call<A extends Params = Params, F extends Params = Params> extends Services {
  readonly args: ValuesOf<A>;
  readonly flags: ValuesOf<F>;
  readonly scope: {
    readonly vcluster: Setting<string> | undefined;
    /** The current node; `from: "host"` serves reads only. */
    readonly node: Setting<string> | undefined;
  };
  /** Aborted by Ctrl-C, by a closed pipe, and by the session ending. */
  readonly signal: AbortSignal;
  /** Progress for a person; stderr, never part of the result. */
  readonly note: (message: string) => void;
  /** Settings that change what a command does. */
  readonly options: {
    readonly format: string;
    readonly yes: boolean;
    readonly dryRun: boolean;
    readonly noWait: boolean;
    readonly remoteRc: boolean;
    /** Seconds to wait for one node. */
    readonly nodeTimeoutS: number;
    readonly width: number;
  };
  /** Text of stdin, for commands that take `-`; undefined on a terminal. */
  readonly stdin: () => Promise<string | undefined>;
}

interface Spec<A extends Params, F extends Params> {
  readonly summary: string;
  readonly details?: string;
  readonly args?: A;
  readonly flags?: F;
  readonly role: Role;
  readonly examples: readonly { readonly line: string; readonly shows: string }[];
  /** Global flags that matter here and are shown first in help. */
  readonly globals?: readonly string[];
  readonly run: (call: Call<A, F>) => Promise<Result>;
}

/** Who acts. An outside system keeps no journal of ours, so `delegate` must say what to record. */
type Deed<A extends Params, F extends Params> =
  | { readonly effect: "local" | "read" | "write" | "exec"; readonly audit?: never }
  | {
      readonly effect: "delegate";
      readonly audit: (given: Pick<Call<A, F>, "args" | "flags">) => { action: string; target: string };
    };

export type Command<A extends Params = Params, F extends Params = Params> = Spec<A, F> & Deed<A, F>;

/** Returns its argument; exists so that `args` and `flags` are inferred inside `run`. */
export const defineCommand = <const A extends Params = {}, const F extends Params = {}>(
  command: Command<A, F>,
): Command<A, F> => command;
