// Sinks that keep what they are given, for tests.
import { ClosedSink, type Sink } from "../../../src/core/sink.ts";

export interface TextSink extends Sink {
  text(): string;
  bytes(): number;
}

/** Keeps everything; closes like a pipe whose reader has gone once it has taken `limit` bytes. */
export function textSink(limit = Number.POSITIVE_INFINITY): TextSink {
  const parts: Buffer[] = [];
  let taken = 0;
  return {
    width: undefined,
    color: false,
    async write(data) {
      if (taken >= limit) throw new ClosedSink();
      parts.push(Buffer.from(data));
      taken += data.length;
    },
    text: () => Buffer.concat(parts).toString("utf8"),
    bytes: () => taken,
  };
}

/** Resolves when the condition holds; rejects after `ms`. Looks again at every turn of the event loop. */
export async function until(condition: () => boolean, what: string, ms = 10_000): Promise<void> {
  const late = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > late) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
