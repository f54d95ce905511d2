// What the shell needs of a process: its terminal's two ends, its sinks, its signals.
import type { Sink } from "../core/sink.ts";

/** The part of a terminal's input stream that is used. */
export type TerminalInput = NodeJS.ReadableStream & {
  readonly isTTY?: boolean | undefined;
  setRawMode?(on: boolean): unknown;
  ref?(): unknown;
  unref?(): unknown;
};

export type TerminalOutput = NodeJS.WritableStream & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number;
  readonly rows?: number;
};

/** What the shell needs of the process; tests give their own. */
export interface TerminalParts {
  readonly input: TerminalInput;
  readonly output: TerminalOutput;
  /** Where answers of commands go. */
  readonly out: Sink;
  readonly err: Sink;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Listens to a signal of the process; answers how to stop listening. */
  readonly onSignal: (name: NodeJS.Signals, listener: () => void) => () => void;
}

/** While the shell listens to a signal it alone does: a Ctrl-C at its prompt is no reason for anybody else to end. */
function takeSignal(process: NodeJS.Process, name: NodeJS.Signals, listener: () => void): () => void {
  const others = process.rawListeners(name);
  process.removeAllListeners(name);
  process.on(name, listener);
  return () => {
    process.off(name, listener);
    for (const other of others) process.on(name, (...given) => void Reflect.apply(other, process, given));
  };
}

/** The parts of the process itself. */
export const processParts = (process: NodeJS.Process, out: Sink, err: Sink): TerminalParts => ({
  input: process.stdin,
  output: process.stdout,
  out,
  err,
  env: process.env,
  onSignal: (name, listener) => takeSignal(process, name, listener),
});
