// Numbers on their way from and to the wire, and the failures of values that cannot be right.
import { PactError } from "../api/index.ts";

/** A server's answer that cannot be right. */
export const nonsense = (what: string): PactError =>
  new PactError("remote", "the server's answer makes no sense", { reason: what });

/** A value of ours that must not travel. */
export const unfit = (what: string): PactError => new PactError("invalid", what);

/** A 64-bit number from the wire, as far as a number can carry it. */
export function fromUint64(text: unknown, what: string): number {
  const value = typeof text === "string" && /^\d{1,20}$/u.test(text) ? Number(text) : typeof text === "number" ? text : Number.NaN;
  if (!Number.isSafeInteger(value) || value < 0) throw nonsense(`${what} is out of range`);
  return value;
}

/** A count for the wire: a whole number in range. proto-loader would turn anything else into 0. */
export function toUint64(value: number, what: string): string {
  if (!Number.isSafeInteger(value) || value < 0) throw unfit(`${what} must be a whole number of at least 0, got ${value}`);
  return String(value);
}

export function toUint32(value: number, what: string): number {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) throw unfit(`${what} must be a whole number below 2^32, got ${value}`);
  return value;
}
