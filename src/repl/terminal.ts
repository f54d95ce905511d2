// The terminal of the shell: its modes, and who gets its input. One owner at a time: the
// editor or the running line (keys), a lease (raw bytes), or somebody who borrowed the streams.
import type { TerminalLease } from "../api/index.ts";
import type { Sink } from "../core/sink.ts";
import { type Key, Keyboard } from "./keyboard.ts";
import { Lease } from "./lease.ts";
import { type TerminalParts, processParts } from "./terminal-parts.ts";
import { visibleLines } from "../render/visible.ts";

/** The terminal of a process, for the app. It is put back when the process ends, whatever ends it. */
export function processTerminal(process: NodeJS.Process, out: Sink, err: Sink): ShellTerminal {
  const terminal = new ShellTerminal(processParts(process, out, err));
  process.once("exit", () => terminal.restore());
  return terminal;
}

const PASTE_ON = "\x1b[?2004h";
const PASTE_OFF = "\x1b[?2004l";
const SHOW_CURSOR = "\x1b[?25h";
/** Typed ahead beyond this many keys is dropped. */
const MOST_HELD = 4096;

export type KeyHandler = (key: Key) => void;

export class ShellTerminal {
  readonly parts: TerminalParts;
  /** Both ends are terminals. */
  readonly interactive: boolean;
  /** No cursor movement: TERM=dumb or no TERM. Lines are then edited by the kernel. */
  readonly plain: boolean;
  readonly #keyboard = new Keyboard((key) => this.#key(key));
  readonly #held: Key[] = [];
  #handler: KeyHandler | undefined;
  #onBytes: ((bytes: Uint8Array) => void) | undefined;
  #onEnd: (() => void) | undefined;
  #onNotice: ((text: string) => void) | undefined;
  #lease: Lease | undefined;
  #open = false;
  #listening = false;
  #raw = false;
  /** Pastes come marked. */
  #marked = false;
  /** A lease may have left the cursor anywhere. */
  #leased = false;
  #lent = 0;
  #ended = false;

  constructor(parts: TerminalParts) {
    this.parts = parts;
    this.interactive = parts.input.isTTY === true && parts.output.isTTY === true;
    const term = parts.env["TERM"];
    this.plain = term === undefined || term === "" || term === "dumb";
    // A terminal that went away must not end the process with an exception.
    parts.output.on("error", () => this.#end());
  }

  get columns(): number {
    return this.parts.output.columns || 80;
  }

  get rows(): number {
    return this.parts.output.rows || 24;
  }

  write(text: string): void {
    this.parts.output.write(text);
  }

  /** Takes the terminal for a shell: keys instead of lines, pastes marked. */
  open(): void {
    this.#open = true;
    this.#apply();
  }

  /** Gives the terminal back as it was; nothing keeps the process alive afterwards. */
  close(): void {
    this.#lease?.release();
    this.#open = false;
    this.#handler = undefined;
    this.#onBytes = undefined;
    this.#apply();
    this.parts.input.unref?.();
  }

  /** Puts the modes back and nothing else: for the exit of the process, whatever led there. Safe to repeat. */
  restore(): void {
    this.#lease?.release();
    this.#open = false;
    this.#setRaw(false);
  }

  /** Modes again as they should be, after the process was stopped and continued. */
  reclaim(): void {
    if (!this.#raw) return;
    this.#setRaw(false);
    this.#apply();
  }

  /** From here on keys go to this handler. What was typed ahead waits for replay(). */
  onKeys(handler: KeyHandler | undefined): void {
    this.#handler = handler;
  }

  /** Bytes instead of keys, for the plain editor. */
  onBytes(handler: ((bytes: Uint8Array) => void) | undefined): void {
    this.#onBytes = handler;
  }

  /** Called once when there will be no more input. */
  onEnd(listener: (() => void) | undefined): void {
    this.#onEnd = listener;
    if (this.#ended) listener?.();
  }

  /** Who shows notices while a line is edited. */
  onNotice(listener: ((text: string) => void) | undefined): void {
    this.#onNotice = listener;
  }

  /** Shows a text above the edit line, or at once when no line is edited. */
  notice(text: string): void {
    const safe = visibleLines(text);
    if (this.#onNotice !== undefined) this.#onNotice(safe);
    else this.parts.output.write(`${safe}\n`);
  }

  /** A signal that stands for a key, such as SIGINT for Ctrl-C. A program that holds the terminal is not disturbed. */
  press(name: string): void {
    if (this.#lease === undefined) this.#key({ name, text: "", sequence: "" });
  }

  /** Puts the cursor at the start of a row after a program left it somewhere. */
  freshLine(): void {
    if (!this.#leased) return;
    this.#leased = false;
    // As many blanks as there are columns reach the next row only from within a row.
    if (!this.plain) this.write(`${" ".repeat(this.columns)}\r`);
  }

  /** Keeps a key for the next line. */
  hold(key: Key): void {
    if (this.#held.length < MOST_HELD) this.#held.push(key);
  }

  /** Forgets what was typed ahead, as a terminal does on Ctrl-C. */
  flush(): void {
    this.#held.length = 0;
  }

  /** Hands keys typed ahead to the handler, as long as it stays the same one. */
  replay(): void {
    const handler = this.#handler;
    while (handler !== undefined && this.#handler === handler) {
      const key = this.#held.shift();
      if (key === undefined) return;
      handler(key);
    }
  }

  lease(): TerminalLease {
    this.#lease?.release();
    const ahead = this.#held.splice(0).map((key) => key.sequence).join("");
    const lease = new Lease(this, Buffer.from(ahead), () => {
      if (this.#lease === lease) this.#lease = undefined;
      this.#apply();
    });
    this.#lease = lease;
    this.#leased = true;
    this.#apply();
    return lease;
  }

  /** Ends a lease whose holder is no longer waited for. */
  revoke(): void {
    this.#lease?.release();
  }

  /** Lets somebody else use the streams (questions, editors, pagers); the answer takes them back. */
  lend(): () => void {
    this.#lent += 1;
    this.#apply();
    let back = false;
    return () => {
      if (back) return;
      back = true;
      this.#lent -= 1;
      this.#apply();
    };
  }

  /** Modes and listeners as the present owner needs them. */
  #apply(): void {
    const mine = this.#lent === 0 && (this.#open || this.#lease !== undefined);
    this.#listen(mine);
    this.#setRaw(mine && (this.#lease !== undefined || !this.plain));
  }

  #setRaw(on: boolean): void {
    const { input, output } = this.parts;
    if (on !== this.#raw) {
      this.#raw = on;
      try {
        input.setRawMode?.(on);
      } catch {
        // The terminal is gone; there is nothing left to restore.
        this.#end();
      }
    }
    const marked = on && this.#lease === undefined && !this.plain;
    if (marked === this.#marked || this.#ended) return;
    this.#marked = marked;
    output.write(marked ? PASTE_ON : PASTE_OFF + SHOW_CURSOR);
  }

  #listen(on: boolean): void {
    if (on === this.#listening) return;
    this.#listening = on;
    const { input } = this.parts;
    if (on) {
      input.on("data", this.#data);
      input.on("end", this.#end);
      input.on("close", this.#end);
      input.on("error", this.#end);
      input.ref?.();
      input.resume();
    } else {
      input.off("data", this.#data);
      input.off("end", this.#end);
      input.off("close", this.#end);
      // The error listener stays: a terminal may go away at any time.
      input.pause();
    }
  }

  readonly #data = (chunk: Uint8Array | string): void => {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    if (this.#lease !== undefined) this.#lease.input(bytes);
    else if (this.#onBytes !== undefined) this.#onBytes(bytes);
    else this.#keyboard.feed(bytes);
  };

  readonly #end = (): void => {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd?.();
  };

  #key(key: Key): void {
    if (this.#handler === undefined) this.hold(key);
    else this.#handler(key);
  }
}
