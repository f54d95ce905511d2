// A zstd frame whose blocks are stored, not compressed: legal for every decoder, and Node 20 has no encoder.

const MAGIC = 0xfd2fb528;
/** Single segment (the window is the content), content size in 4 bytes, no checksum, no dictionary. */
const DESCRIPTOR = 0b1010_0000;
/** Largest block the format allows. */
const BLOCK = 128 * 1024;

/** Wraps bytes (below 4 GiB) into one frame. */
export function zstdFrame(content: Uint8Array): Buffer {
  const header = Buffer.alloc(9);
  header.writeUInt32LE(MAGIC, 0);
  header.writeUInt8(DESCRIPTOR, 4);
  header.writeUInt32LE(content.length, 5);
  const parts: Uint8Array[] = [header];
  let at = 0;
  do {
    const block = content.subarray(at, at + BLOCK);
    at += block.length;
    const head = Buffer.alloc(3);
    // Bit 0: last block; bits 1-2: type 0, stored; the rest: its size.
    head.writeUIntLE((block.length << 3) | (at >= content.length ? 1 : 0), 0, 3);
    parts.push(head, block);
  } while (at < content.length);
  return Buffer.concat(parts);
}
