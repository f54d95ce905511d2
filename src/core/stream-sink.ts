// A writable stream as a sink: into local programs and plain files.
import type { Writable } from "node:stream";
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
