// Bytes of a terminal → keys. A paste is one key, so that nothing in it can run by itself.
import { Readable } from "node:stream";
import { emitKeypressEvents } from "node:readline";

export interface Key {
  /** `left`, `C-a`, `M-b`, `return`, `paste`; empty for plain characters and for what nobody knows. */
  readonly name: string;
  /** The text it stands for; empty for keys that stand for none. */
  readonly text: string;
  /** The bytes as they came, for a program that reads the terminal next. */
  readonly sequence: string;
}

interface Keypress {
  readonly name?: string | undefined;
  readonly ctrl?: boolean;
  readonly meta?: boolean;
  readonly shift?: boolean;
  readonly sequence?: string;
}

/**
 * What a terminal answers to questions of a program that has ended: device attributes,
 * cursor and mouse reports, focus, colours. Nobody typed it.
 */
const ANSWERS = /\x1b\[[?>=][0-9;]*\$?[a-zA-Z]|\x1b\[[0-9]+;[0-9]+R|\x1b\[<[0-9;]*[Mm]|\x1b\[[IO]|\x1b[\]P_^][^\x07\x1b]*(?:\x07|\x1b\\)/g;

/** A paste without an end is given up beyond this many characters. */
const LONGEST_PASTE = 1 << 20;
const UNNAMED: Readonly<Record<string, string>> = { "\x1b.": "M-.", "\x1b_": "M-.", "\x1c": "C-\\", "\x1f": "C-_" };

/** One keypress as node:readline tells it, by our names. */
export function keyOf(text: string | undefined, press: Keypress): Key {
  const sequence = press.sequence ?? text ?? "";
  const plain = text !== undefined && press.ctrl !== true && press.meta !== true && !/^[\u0000-\u001f\u007f-\u009f]/.test(text);
  if (plain) return { name: "", text, sequence };
  const known = UNNAMED[sequence];
  if (known !== undefined) return { name: known, text: "", sequence };
  if (press.name === undefined) return { name: "", text: "", sequence };
  // Backspace and the like come with ctrl set on some terminals; Alt-Backspace is a key of its own.
  const named = press.name === "enter" ? "return" : press.name;
  const ctrl = press.ctrl === true && named !== "backspace" && named !== "return" ? "C-" : "";
  return { name: `${ctrl}${press.meta === true ? "M-" : ""}${named}`, text: "", sequence };
}

export class Keyboard {
  // Never read from: the decoder listens for its data events, and feed() sends them by hand,
  // so that all keys of a chunk are known when feed() returns.
  readonly #source = new Readable({ read: () => undefined });
  #paste: string | undefined;

  constructor(onKey: (key: Key) => void) {
    emitKeypressEvents(this.#source);
    this.#source.on("keypress", (text: string | undefined, press: Keypress) => {
      const key = this.#collect(text, press);
      if (key !== undefined) onKey(key);
    });
  }

  feed(bytes: Uint8Array): void {
    // Ctrl-C alone ends a paste whose end got lost.
    if (bytes.length === 1 && bytes[0] === 3) this.#paste = undefined;
    // Latin-1 keeps every byte as it is, also those of half a character.
    const text = Buffer.from(bytes).toString("latin1");
    this.#source.emit("data", Buffer.from(text.includes("\x1b") ? text.replace(ANSWERS, "") : text, "latin1"));
  }

  #collect(text: string | undefined, press: Keypress): Key | undefined {
    if (press.name === "paste-start") {
      this.#paste = "";
      return undefined;
    }
    if (this.#paste === undefined) return press.name === "paste-end" ? undefined : keyOf(text, press);
    if (press.name !== "paste-end") this.#paste += press.sequence ?? text ?? "";
    if (press.name !== "paste-end" && this.#paste.length <= LONGEST_PASTE) return undefined;
    const pasted = this.#paste.replace(/\r\n?/g, "\n");
    this.#paste = undefined;
    return { name: "paste", text: pasted, sequence: pasted.replaceAll("\n", "\r") };
  }
}
