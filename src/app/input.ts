// Standard input as text, bounded.
import { PactError } from "../api/index.ts";

const LIMIT = 4 * 1024 * 1024;

/** All of stdin; refuses more than 4 MiB. */
export async function readInput(input: AsyncIterable<Uint8Array | string>): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of input) {
    const bytes = Buffer.from(part);
    size += bytes.length;
    if (size > LIMIT) throw new PactError("usage", "standard input is larger than 4 MiB");
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString("utf8");
}
