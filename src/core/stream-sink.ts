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

/** One stream into one sink, no faster than the sink takes it. A sink whose reader has gone ends the stream quietly. */
export async function pump(from: Readable, to: Sink): Promise<void> {
  try {
    for await (const chunk of from) await to.write(chunk);
  } catch (error) {
    from.destroy();
    // The stream was taken down while it was read.
    const ended = error instanceof Error && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE";
    if (!ended && !(error instanceof ClosedSink)) throw error;
  }
}
