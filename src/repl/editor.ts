// What the shell asks of an editor, whichever the terminal allows.
import type { Complete } from "./completer.ts";
import type { KeyHandler, ShellTerminal } from "./terminal.ts";

export type ReadResult =
  | { readonly kind: "line"; readonly line: string }
  | { readonly kind: "eof" }
  /** Ctrl-C; `empty` when there was nothing to clear. */
  | { readonly kind: "interrupted"; readonly empty: boolean };

export interface Editor {
  /** Reads one line. Only one at a time. */
  readLine(prompt: string): Promise<ReadResult>;
  /** Forgets lines of a paste that are still to run. */
  discard(): void;
  /** Takes the edit line off the screen and lends the terminal; resume() brings both back. */
  suspend(): void;
  resume(): void;
  /** Prints a text above the edit line. */
  notice(text: string): void;
  /** Draws the line again, after something else may have drawn over it. */
  refresh(): void;
  close(): void;
}

export interface EditorOptions {
  readonly terminal: ShellTerminal;
  /** History, oldest first. */
  readonly history: () => readonly string[];
  readonly complete: Complete;
  /** Gets the keys while no line is read. */
  readonly between: KeyHandler;
}
