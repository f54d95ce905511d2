// What is remembered of a stream of output for its record: how much, its SHA-256 and how it began.
import { createHash } from "node:crypto";

/** Bytes of the beginning that are kept. */
const HEAD = 4096;

export interface Digest {
  readonly bytes: number;
  readonly sha256: string;
  /** Text, or base64 when it is not UTF-8. */
  readonly head: string;
  readonly encoding: "utf-8" | "base64";
}

export class Capture {
  bytes = 0;
  readonly #hash = createHash("sha256");
  #head = Buffer.alloc(0);

  add(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.#hash.update(chunk);
    if (this.#head.length < HEAD) this.#head = Buffer.concat([this.#head, chunk.subarray(0, HEAD - this.#head.length)]);
  }

  digest(): Digest {
    const sha256 = this.#hash.digest("hex");
    const text = this.#head.toString("utf8");
    // A character cut at the end of the head is no reason for base64.
    const isText = Buffer.from(text.replace(/\ufffd+$/, "")).equals(this.#head.subarray(0, Buffer.byteLength(text.replace(/\ufffd+$/, ""))));
    const clean = isText && !text.replace(/\ufffd+$/, "").includes("\ufffd");
    return { bytes: this.bytes, sha256, head: clean ? text.replace(/\ufffd+$/, "") : this.#head.toString("base64"), encoding: clean ? "utf-8" : "base64" };
  }
}
