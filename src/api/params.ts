// How a command declares what it takes. Types of `args` and `flags` inside
// `run` are inferred from the declaration.

/** A kind of word: how it is read, what completion may offer for it. */
export interface Kind<T> {
  readonly name: string;
  /** Placeholder in usage lines, such as NODE. */
  readonly placeholder: string;
  /** Throws an Error whose message completes "LINE needs …", such as `a count, got "x"`. */
  readonly parse: (text: string) => T;
  readonly choices?: readonly string[];
  /** Never written to history or logs. */
  readonly secret?: boolean;
}

export interface Param<T> {
  readonly kind: Kind<unknown>;
  readonly help: string;
  readonly takes: "one" | "optional" | "rest" | "switch";
  readonly fallback?: T;
  /** One letter, for flags. */
  readonly short?: string;
  /** For a flag: must be given. */
  readonly required?: boolean;
  /** Present only for the type. */
  readonly _type?: T;
}

export type Params = Readonly<Record<string, Param<any>>>;
export type ValuesOf<P extends Params> = { readonly [K in keyof P]: P[K] extends Param<infer T> ? T : never };

/** An argument that must be there. */
export const required = <T>(kind: Kind<T>, help: string): Param<T> => ({ kind, help, takes: "one" });
/** An argument that may be left out. */
export const optional = <T>(kind: Kind<T>, help: string): Param<T | undefined> => ({ kind, help, takes: "optional" });
/** All words that remain. */
export const rest = <T>(kind: Kind<T>, help: string): Param<readonly T[]> => ({ kind, help, takes: "rest" });

interface FlagOptions {
  readonly short?: string;
}
/** A flag with a value that may be left out. */
export const flag = <T>(kind: Kind<T>, help: string, options: FlagOptions = {}): Param<T | undefined> =>
  ({ kind, help, takes: "optional", ...options });
/** A flag with a value that must be given. */
export const requiredFlag = <T>(kind: Kind<T>, help: string, options: FlagOptions = {}): Param<T> =>
  ({ kind, help, takes: "one", required: true, ...options });
/** A flag with a value, and what holds without it. */
export const defaulted = <T>(kind: Kind<T>, fallback: T, help: string, options: FlagOptions = {}): Param<T> =>
  ({ kind, help, takes: "optional", fallback, ...options });
const yes: Kind<boolean> = { name: "switch", placeholder: "", parse: () => true };
/** A flag without a value. */
export const on = (help: string, options: FlagOptions = {}): Param<boolean> =>
  ({ kind: yes, help, takes: "switch", fallback: false, ...options });
