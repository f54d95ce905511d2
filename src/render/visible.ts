// Remote text is never trusted with the terminal: what could steer it is shown
// instead of sent.

/** C0 but tab and newline, DEL, C1, and the marks that reorder or hide text. */
const STEERING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/gu;

const escaped = (char: string): string => {
  const code = char.codePointAt(0) ?? 0;
  if (char === "\n") return "\\n";
  if (char === "\t") return "\\t";
  if (char === "\r") return "\\r";
  if (code === 0x1b) return "\\e";
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
};

/** For one cell or one message: everything that steers is visible, line ends and tabs included. */
export const visible = (text: string): string => text.replace(STEERING, escaped).replace(/[\n\t]/g, escaped);

/** For text of several lines: line ends and tabs stay. A carriage return before a line end goes. */
export const visibleLines = (text: string): string => text.replace(/\r\n/g, "\n").replace(STEERING, escaped);

/** A document for programs that goes to a terminal all the same: what steers is written as JSON does, which in JSON is the same value. */
export const harmless = (text: string): string =>
  text.replace(STEERING, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);

/**
 * For a program's output on a terminal: colours (SGR) pass, everything else that steers is
 * shown. Keeps state between chunks, so that a sequence cut in two is still recognised.
 */
export class TerminalFilter {
  #decoder = new TextDecoder("utf-8");
  #held = "";

  push(bytes: Uint8Array): string {
    return this.#filter(this.#decoder.decode(bytes, { stream: true }), false);
  }

  /** What was held back; colours are reset by the caller. */
  end(): string {
    return this.#filter(this.#decoder.decode(), true);
  }

  #filter(text: string, last: boolean): string {
    let input = this.#held + text;
    this.#held = "";
    // An escape sequence or a line end may be cut off at the end of this chunk.
    const open = last ? null : /(?:\u001b(?:\[[0-9;:]{0,64})?|\r)$/u.exec(input);
    if (open !== null) {
      this.#held = open[0];
      input = input.slice(0, open.index);
    }
    const parts = input.split(/(\u001b\[[0-9;:]{0,64}m|\r\n)/u);
    return parts.map((part, at) => (at % 2 === 1 ? (part === "\r\n" ? "\n" : part) : part.replace(STEERING, escaped))).join("");
  }
}
