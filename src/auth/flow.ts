// What every login flow is given, and how long people get.
import type { Library, Provider, Tokens } from "./openid.ts";
import { interrupted } from "./problems.ts";

export interface Flow {
  readonly library: Library;
  readonly provider: Provider;
  readonly scopes: readonly string[];
  readonly resource: string | undefined;
  /** One line to the person. */
  readonly tell: (line: string) => void;
  readonly signal: AbortSignal;
}

export type { Tokens };

/** Parameters of every request for tokens. */
export function requestParameters({ scopes, resource }: Flow): Record<string, string> {
  return { ...(scopes.length === 0 ? {} : { scope: scopes.join(" ") }), ...(resource === undefined ? {} : { resource }) };
}

/** Rejects when the signal fires or the time is over; `stop` must be called in the end. */
export function limit(signal: AbortSignal, ms: number, late: () => Error): { readonly reached: Promise<never>; stop(): void } {
  let stop = (): void => undefined;
  const reached = new Promise<never>((_resolve, reject) => {
    const abort = (): void => reject(interrupted());
    const timer = setTimeout(() => reject(late()), ms);
    stop = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    };
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
  // Raced by its user; on its own it must not count as unhandled.
  reached.catch(() => undefined);
  return { reached, stop: () => stop() };
}
