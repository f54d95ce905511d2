// What a command gives back: one of six kinds, each a value that knows nothing
// of terminals. Renderers turn it into text or JSON.
import type { PactError } from "./errors.ts";
import type { HelpPage } from "./services.ts";

/** How a field looks to a person. Machine formats use the key and the value alone. */
export interface Column<Row> {
  readonly key: keyof Row & string;
  readonly title?: string;
  readonly as?: "text" | "state" | "time" | "age" | "bytes" | "count";
  /** Text for a person where the plain value would not do. */
  readonly show?: (row: Row) => string;
  /** For the last column: goes on below where it does not fit, rather than being cut. */
  readonly wrap?: true;
  /** What it shows when there is nothing to say; a narrow terminal leaves the column out when no row says more. */
  readonly nothing?: string;
}

export interface View<Row> {
  /** First column: the id that can be pasted back. */
  readonly columns: readonly Column<Row>[];
  /** Shown on stderr when there are no rows. */
  readonly empty: string;
  /** One line a row instead of a table, where operators expect lines. */
  readonly line?: (row: Row) => string;
  /** A line of its own below a row of a table, such as what to do about it; never cut, so that it can be pasted. */
  readonly below?: (row: Row) => string | null;
}

/** Answers and per-target problems share one sequence, in the order they came. */
export type Sequence<T> = Iterable<T | PactError> | AsyncIterable<T | PactError>;

/** What a remote program produced, still apart by node and stream. */
export type Chunk =
  | { readonly node: string; readonly stream: "stdout" | "stderr"; readonly bytes: Uint8Array }
  | { readonly node: string; readonly exit: number; readonly signal: string | null; readonly durationMs: number; /** The agent cut the output. */ readonly truncated?: boolean }
  | { readonly node: string; readonly problem: PactError; readonly durationMs: number };

export type Result =
  | { readonly kind: "done"; readonly message: string; readonly data: object }
  | { readonly kind: "record"; readonly view: View<any>; readonly value: object }
  | {
      readonly kind: "rows";
      readonly view: View<any>;
      readonly rows: Sequence<object>;
      /** Live rows are shown as they come, one JSON object a line. */
      readonly live: boolean;
    }
  | { readonly kind: "output"; readonly chunks: AsyncIterable<Chunk> }
  | { readonly kind: "page"; readonly page: HelpPage }
  | { readonly kind: "document"; readonly mediaType: string; readonly text: string };

/** One line for a person, an object for a program. */
export const done = (message: string, data: object = {}): Result => ({ kind: "done", message, data });
/** One thing with fields. */
export const record = <Row extends object>(view: View<Row>, value: Row): Result => ({ kind: "record", view, value });
/** Things of one shape: always an array in JSON, even for one. */
export const rows = <Row extends object>(view: View<Row>, all: Sequence<Row>): Result =>
  ({ kind: "rows", view, rows: all, live: false });
/** Things as they happen; ends when its source does or the call is cancelled. */
export const live = <Row extends object>(view: View<Row>, all: Sequence<Row>): Result =>
  ({ kind: "rows", view, rows: all, live: true });
/** What programs on nodes print. */
export const output = (chunks: AsyncIterable<Chunk>): Result => ({ kind: "output", chunks });
/** A page of help. */
export const page = (help: HelpPage): Result => ({ kind: "page", page: help });
/** Text that is meant to be kept as it is. */
export const document = (mediaType: string, text: string): Result => ({ kind: "document", mediaType, text });
