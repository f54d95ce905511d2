// A terminal for tests: what is typed goes in as bytes, what a person would see comes out as rows.
import { EventEmitter } from "node:events";
import { PassThrough, Writable } from "node:stream";
import headless, { type Terminal } from "@xterm/headless";
import unicode11 from "@xterm/addon-unicode11";
import { ShellTerminal } from "../../../src/repl/terminal.ts";
import type { Sink } from "../../../src/core/sink.ts";
import { until } from "./sinks.ts";

export interface FakeScreen {
  readonly terminal: ShellTerminal;
  readonly signals: EventEmitter;
  /** Everything written so far, as bytes came. */
  raw(): string;
  isRaw(): boolean;
  type(text: string): void;
  end(): void;
  resize(columns: number, rows: number): Promise<void>;
  /** The rows with text, once all output so far is drawn. */
  rows(): Promise<string[]>;
  /** Waits until the rows satisfy a condition. */
  shows(condition: (rows: string[]) => boolean, what: string): Promise<string[]>;
  cursor(): Promise<{ x: number; y: number }>;
  close(): void;
}

export function fakeScreen(columns = 40, rows = 12, env: Record<string, string> = { TERM: "xterm-256color" }): FakeScreen {
  // The line with the cursor moves with a resize, as in most terminals.
  const xterm: Terminal = new headless.Terminal({ cols: columns, rows, allowProposedApi: true, reflowCursorLine: true });
  xterm.loadAddon(new unicode11.Unicode11Addon());
  xterm.unicode.activeVersion = "11";
  let written = "";
  let pending = 0;
  let raw = false;
  const input = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode(on: boolean) {
      raw = on;
    },
  });
  const output = Object.assign(
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        written += chunk.toString("utf8");
        pending += 1;
        // The line discipline makes \r\n of \n.
        xterm.write(chunk.toString("utf8").replace(/\r?\n/g, "\r\n"), () => {
          pending -= 1;
        });
        done();
      },
    }),
    { isTTY: true, columns, rows },
  );
  const sink: Sink = {
    get width() {
      return output.columns;
    },
    color: false,
    write: (data) => new Promise((resolve) => output.write(data, () => resolve())),
  };
  const signals = new EventEmitter();
  const terminal = new ShellTerminal({
    input, output, out: sink, err: sink, env,
    onSignal(name, listener) {
      signals.on(name, listener);
      return () => signals.off(name, listener);
    },
  });
  const drawn = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    await until(() => pending === 0, "output is drawn");
  };
  const text = (): string[] => {
    const buffer = xterm.buffer.active;
    const all = Array.from({ length: buffer.length }, (_, at) => buffer.getLine(at)?.translateToString(true) ?? "");
    while (all.length > 0 && all.at(-1) === "") all.pop();
    return all;
  };
  return {
    terminal,
    signals,
    raw: () => written,
    isRaw: () => raw,
    type: (keys) => void input.write(keys),
    end: () => void input.end(),
    async resize(newColumns, newRows) {
      await drawn();
      xterm.resize(newColumns, newRows);
      output.columns = newColumns;
      output.rows = newRows;
      output.emit("resize");
    },
    async rows() {
      await drawn();
      return text();
    },
    async shows(condition, what) {
      await until(() => pending === 0 && condition(text()), `${what}; the screen shows ${JSON.stringify(text())}`).catch(() => {
        throw new Error(`never shown: ${what}; the screen shows ${JSON.stringify(text(), null, 1)}`);
      });
      return text();
    },
    async cursor() {
      await drawn();
      return { x: xterm.buffer.active.cursorX, y: xterm.buffer.active.baseY + xterm.buffer.active.cursorY };
    },
    close() {
      terminal.close();
      xterm.dispose();
    },
  };
}
