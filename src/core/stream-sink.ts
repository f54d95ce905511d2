// Streams of local programs as sinks and into sinks.
import type { Readable, Writable } from "node:stream";
import { ClosedSink, type Sink } from "./sink.ts";

/** What a stream says when its reader is gone or it has been taken down. */
const GONE: ReadonlySet<unknown> = new Set(["EPIPE", "ECONNRESET", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"]);

const gone = (error: Error): boolean => "code" in error && GONE.has(error.code);

/** Plain text, no width, no colour. A write resolves once the system has taken it. */
export function plainSink(stream: Writable): Sink {
  let failed: Error | undefined;
  // Without a listener a reader that leaves would end the process.
  stream.on("error", (error) => {
    failed = gone(error) ? new ClosedSink() : error;
  });
  return {
    width: undefined,
    color: false,
    write(data) {
      if (failed !== undefined) return Promise.reject(failed);
      if (data.length === 0) return Promise.resolve();
      return new Promise((resolve, reject) => {
        stream.write(data, (error) => {
          if (error === null || error === undefined) resolve();
          else reject(gone(error) ? new ClosedSink() : error);
        });
      });
    },
  };
}

/**
 * One stream into one sink, no faster than the sink takes it. A sink whose reader has gone
 * ends the stream quietly; `readerGone` is told before.
 */
export async function pump(from: Readable, to: Sink, readerGone: () => void = () => undefined): Promise<void> {
  try {
    for await (const chunk of from) {
      try {
        await to.write(chunk);
      } catch (error) {
        // Leaving the loop takes the stream down; its writer must know before.
        if (error instanceof ClosedSink) readerGone();
        throw error;
      }
    }
  } catch (error) {
    from.destroy();
    const ended = error instanceof Error && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE";
    if (!ended && !(error instanceof ClosedSink)) throw error;
  }
}
