// The checksum of overlays (J5): SipHash-1-3 with zero keys over the length (8 bytes, little-endian)
// and the bytes. 64-bit numbers are pairs of 32-bit halves, because BigInt is a hundred times slower.

/** Four 64-bit words as [low, high] pairs. */
type Words = Int32Array;

/** v[a] += v[b]. */
function add(v: Words, a: number, b: number): void {
  const low = (v[a] ?? 0) >>> 0;
  const sum = low + ((v[b] ?? 0) >>> 0);
  v[a] = sum;
  v[a + 1] = (v[a + 1] ?? 0) + (v[b + 1] ?? 0) + (sum > 0xffffffff ? 1 : 0);
}

/** v[a] = rotate-left(v[a], bits), bits below 32. */
function rotate(v: Words, a: number, bits: number): void {
  const low = v[a] ?? 0;
  const high = v[a + 1] ?? 0;
  v[a] = (low << bits) | (high >>> (32 - bits));
  v[a + 1] = (high << bits) | (low >>> (32 - bits));
}

function swapHalves(v: Words, a: number): void {
  const low = v[a] ?? 0;
  v[a] = v[a + 1] ?? 0;
  v[a + 1] = low;
}

function xor(v: Words, a: number, b: number): void {
  v[a] = (v[a] ?? 0) ^ (v[b] ?? 0);
  v[a + 1] = (v[a + 1] ?? 0) ^ (v[b + 1] ?? 0);
}

function round(v: Words): void {
  add(v, 0, 2);
  rotate(v, 2, 13);
  xor(v, 2, 0);
  swapHalves(v, 0);
  add(v, 4, 6);
  rotate(v, 6, 16);
  xor(v, 6, 4);
  add(v, 0, 6);
  rotate(v, 6, 21);
  xor(v, 6, 0);
  add(v, 4, 2);
  rotate(v, 2, 17);
  xor(v, 2, 4);
  swapHalves(v, 4);
}

function word(v: Words, low: number, high: number): void {
  v[6] = (v[6] ?? 0) ^ low;
  v[7] = (v[7] ?? 0) ^ high;
  round(v);
  v[0] = (v[0] ?? 0) ^ low;
  v[1] = (v[1] ?? 0) ^ high;
}

/** Lower-case hex without leading zeros. */
export function overlayChecksum(bytes: Uint8Array): string {
  // "somepseudorandomlygeneratedbytes", as the hash defines its start.
  const v = Int32Array.of(0x70736575, 0x736f6d65, 0x6e646f6d, 0x646f7261, 0x6e657261, 0x6c796765, 0x79746573, 0x74656462);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  word(v, bytes.length | 0, Math.floor(bytes.length / 2 ** 32));
  const whole = bytes.length - (bytes.length % 8);
  for (let at = 0; at < whole; at += 8) word(v, view.getInt32(at, true), view.getInt32(at + 4, true));
  const last = new DataView(new ArrayBuffer(8));
  for (let at = whole; at < bytes.length; at += 1) last.setUint8(at - whole, bytes[at] ?? 0);
  last.setUint8(7, (bytes.length + 8) & 0xff);
  word(v, last.getInt32(0, true), last.getInt32(4, true));
  v[4] = (v[4] ?? 0) ^ 0xff;
  for (let n = 0; n < 3; n += 1) round(v);
  for (const other of [2, 4, 6]) xor(v, 0, other);
  const hex = (half: number): string => (half >>> 0).toString(16).padStart(8, "0");
  return `${hex(v[1] ?? 0)}${hex(v[0] ?? 0)}`.replace(/^0+(?=.)/, "");
}
