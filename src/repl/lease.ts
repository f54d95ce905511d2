// The terminal lent for raw use: bytes both ways, size changes, modes put back on release.
import type { TerminalLease } from "../api/index.ts";
import type { ShellTerminal } from "./terminal.ts";

/**
 * What a program that was cut off may have left behind: alternate screen, colours, hidden
 * cursor, application keys, mouse reports, marked pastes, line drawing. Harmless when nothing was.
 */
const RESET = "\x1b[?1047l\x1b[m\x1b[?25h\x1b[?1l\x1b>\x1b[?7h\x1b[4l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1006l\x1b[?2004l\x1b(B\x0f";

/** Bytes that come before anybody listens are kept up to here. */
const MOST_EARLY = 64 * 1024;

export class Lease implements TerminalLease {
  readonly term: string;
  readonly #terminal: ShellTerminal;
  readonly #released: () => void;
  readonly #inputs: ((bytes: Uint8Array) => void)[] = [];
  readonly #resizes: (() => void)[] = [];
  #early: Uint8Array[];
  #wrote = false;
  #over = false;

  /** `early` was typed before the lease began. */
  constructor(terminal: ShellTerminal, early: Uint8Array, released: () => void) {
    this.#terminal = terminal;
    this.#released = released;
    this.#early = early.length > 0 ? [early] : [];
    this.term = terminal.parts.env["TERM"] || "dumb";
  }

  get size(): { readonly rows: number; readonly cols: number } {
    return { rows: this.#terminal.rows, cols: this.#terminal.columns };
  }

  onInput(listener: (bytes: Uint8Array) => void): void {
    this.#inputs.push(listener);
    const early = this.#early;
    this.#early = [];
    for (const bytes of early) listener(bytes);
  }

  onResize(listener: (rows: number, cols: number) => void): void {
    const resized = (): void => listener(this.size.rows, this.size.cols);
    this.#resizes.push(resized);
    this.#terminal.parts.output.on("resize", resized);
  }

  /** Resolves once the terminal has taken it; after the release it goes nowhere. */
  write(bytes: Uint8Array): Promise<void> {
    if (this.#over || bytes.length === 0) return Promise.resolve();
    this.#wrote = true;
    return new Promise((resolve) => this.#terminal.parts.output.write(bytes, () => resolve()));
  }

  /** Bytes from the terminal. */
  input(bytes: Uint8Array): void {
    if (this.#inputs.length > 0) for (const listener of this.#inputs) listener(bytes);
    else if (this.#early.reduce((sum, { length }) => sum + length, bytes.length) <= MOST_EARLY) this.#early.push(bytes);
  }

  release(): void {
    if (this.#over) return;
    this.#over = true;
    for (const resized of this.#resizes) this.#terminal.parts.output.off("resize", resized);
    if (this.#wrote && !this.#terminal.plain) this.#terminal.write(RESET);
    this.#released();
  }
}
