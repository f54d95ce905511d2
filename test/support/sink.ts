// A sink that keeps what it is given; bytes that are not text are kept as latin-1.
import type { Sink } from "../../src/core/sink.ts";

export interface MemorySink extends Sink {
  text(): string;
}

export function memorySink(width?: number): MemorySink {
  const parts: Buffer[] = [];
  return {
    width,
    color: false,
    write: async (data) => {
      parts.push(Buffer.from(data));
    },
    text() {
      const all = Buffer.concat(parts);
      const decoded = all.toString("utf8");
      return Buffer.from(decoded, "utf8").equals(all) ? decoded : all.toString("latin1");
    },
  };
}
