// Where text goes, and what that place can show. Tests use one backed by strings.

export interface Sink {
  /** Resolves when the place has taken it (back-pressure). Rejects with ClosedSink when the reader has gone. */
  write(data: string | Uint8Array): Promise<void>;
  /** Columns of the terminal; undefined when it is not one. */
  readonly width: number | undefined;
  readonly color: boolean;
}

/** The reader left (EPIPE): a quiet end, not a failure. */
export class ClosedSink extends Error {
  constructor() {
    super("the reader has gone");
    this.name = "ClosedSink";
  }
}
