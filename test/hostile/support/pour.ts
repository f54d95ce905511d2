// Writes many messages no faster than they are taken.
import type { ServerWritableStream } from "@grpc/grpc-js";

export async function pour<T>(call: ServerWritableStream<unknown, T>, messages: Iterable<T>): Promise<void> {
  for (const message of messages) {
    if (call.cancelled) return;
    if (call.write(message)) continue;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        call.off("drain", go).off("cancelled", go);
        resolve();
      };
      call.on("drain", go).on("cancelled", go);
    });
  }
  call.end();
}

/** The same message so many times. */
export function* times<T>(count: number, message: T): Generator<T> {
  for (let index = 0; index < count; index += 1) yield message;
}
