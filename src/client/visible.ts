// Text that came from a server, made fit for a message: nothing in it can steer a terminal.

/** Longest server sentence a message carries, in characters. */
const MAX_TEXT = 500;

// C0, DEL, C1, and the format characters that hide or reorder text.
const STEERING = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;

const shown = (char: string): string => {
  const code = char.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
};

/** A server's sentence on one line: controls visible, blanks at the ends and a full stop removed, cut at `max` characters. */
export function serverText(text: string, max = MAX_TEXT): string {
  // Cut first: a hostile server may send megabytes.
  const line = text.slice(0, max * 2).trim().replace(/\s*\r?\n\s*/gu, " ").replace(STEERING, shown);
  const whole = line.replace(/(?<!\.)\.$/u, "");
  return whole.length > max ? `${whole.slice(0, max - 1).replace(/[\ud800-\udbff]$/u, "")}…` : whole;
}
