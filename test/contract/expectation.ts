// One thing that every implementation of a service must do. The same list runs over the fakes and
// over the real client against a real site.
import * as assert from "uvu/assert";
import { test } from "uvu";
import { PactError, type FailureName } from "../../src/api/index.ts";

export interface Expectation<Subject> {
  readonly name: string;
  /** Only where the server has what stock ones lack. */
  readonly oursOnly?: boolean;
  readonly run: (subject: Subject) => Promise<void>;
}

/** Registers a list as tests; each gets the subject that `open` makes or shares, and is reported under `label`. */
export function testAll<Subject>(label: string, expectations: readonly Expectation<Subject>[], open: () => Promise<Subject>, options: { readonly stock?: boolean } = {}): void {
  for (const { name, run, oursOnly } of expectations) {
    if (oursOnly === true && options.stock === true) continue;
    test(`${label}: ${name}`, async () => run(await open()));
  }
}

export const signal = (): AbortSignal => new AbortController().signal;

/** The first so many of a sequence, or all of it. */
export async function take<T>(source: AsyncIterable<T>, most = Number.POSITIVE_INFINITY): Promise<T[]> {
  const all: T[] = [];
  if (most === 0) return all;
  for await (const one of source) {
    all.push(one);
    if (all.length >= most) break;
  }
  return all;
}

/** The failure a promise ends with, which must be one of the named. */
export async function refused(promise: Promise<unknown>, ...names: readonly FailureName[]): Promise<PactError> {
  try {
    await promise;
  } catch (thrown) {
    if (!(thrown instanceof PactError)) throw thrown;
    assert.ok(names.includes(thrown.failure), `${thrown.failure}: ${thrown.message} (${thrown.about.reason ?? ""})`);
    return thrown;
  }
  throw new Error(`expected ${names.join(" or ")}, but it was done`);
}
