// Lines as the kernel edits them, for terminals that cannot move a cursor (TERM=dumb).
import type { Editor, EditorOptions, ReadResult } from "./editor.ts";
import type { ShellTerminal } from "./terminal.ts";

export class PlainEditor implements Editor {
  readonly #terminal: ShellTerminal;
  readonly #between: EditorOptions["between"];
  readonly #decoder = new TextDecoder();
  /** What was typed and not read yet: lines, then a part of one. */
  #typed = "";
  #prompt = "";
  #finish: ((result: ReadResult) => void) | undefined;
  #takeBack: (() => void) | undefined;

  constructor({ terminal, between }: Pick<EditorOptions, "terminal" | "between">) {
    this.#terminal = terminal;
    this.#between = between;
    terminal.onBytes((bytes) => {
      this.#typed += this.#decoder.decode(bytes, { stream: true });
      this.#take();
    });
    terminal.onKeys(between);
    terminal.onNotice((text) => this.notice(text));
  }

  readLine(prompt: string): Promise<ReadResult> {
    this.#prompt = prompt;
    this.#terminal.write(prompt);
    return new Promise((resolve) => {
      this.#finish = resolve;
      // In this mode Ctrl-C is a signal, and the kernel drops the line itself.
      this.#terminal.onKeys((key) => {
        if (key.name !== "C-c") return;
        this.#terminal.write("\n");
        this.#typed = "";
        this.#done({ kind: "interrupted", empty: true });
      });
      this.#terminal.onEnd(() => {
        this.#terminal.write("\n");
        this.#done({ kind: "eof" });
      });
      this.#take();
    });
  }

  discard(): void {
    this.#typed = "";
  }

  suspend(): void {
    this.#takeBack ??= this.#terminal.lend();
  }

  resume(): void {
    this.#takeBack?.();
    this.#takeBack = undefined;
  }

  notice(text: string): void {
    this.#terminal.write(this.#finish === undefined ? `${text}\n` : `\n${text}\n${this.#prompt}`);
  }

  refresh(): void {
    if (this.#finish !== undefined) this.#terminal.write(`\n${this.#prompt}`);
  }

  close(): void {
    this.#finish = undefined;
    this.#terminal.onBytes(undefined);
    this.#terminal.onNotice(undefined);
    this.#terminal.onEnd(undefined);
    this.resume();
  }

  #take(): void {
    const end = this.#typed.indexOf("\n");
    if (end < 0 || this.#finish === undefined) return;
    const line = this.#typed.slice(0, end).replace(/\r$/, "");
    this.#typed = this.#typed.slice(end + 1);
    this.#done({ kind: "line", line });
  }

  #done(result: ReadResult): void {
    const finish = this.#finish;
    this.#finish = undefined;
    this.#terminal.onKeys(this.#between);
    this.#terminal.onEnd(undefined);
    finish?.(result);
  }
}
