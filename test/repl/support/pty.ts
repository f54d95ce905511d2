// A program under a real terminal: wait for what it prints, type, look.
import { closeSync, constants, openSync } from "node:fs";
import { type IPty, spawn } from "node-pty";
import { until } from "./sinks.ts";

export interface Pty {
  readonly pid: number;
  /** Everything printed so far. */
  text(): string;
  type(keys: string): void;
  resize(columns: number, rows: number): void;
  /** Waits for a text printed after the last one waited for. */
  see(wanted: string | RegExp, ms?: number): Promise<string>;
  readonly exited: Promise<{ exitCode: number; signal: number }>;
  close(): void;
}

/** Starts a program on a terminal of 80 by 24. */
export function startPty(file: string, args: string[], env: Record<string, string | undefined>, cwd: string): Pty {
  const pty: IPty = spawn(file, args, { name: env["TERM"] ?? "xterm-256color", cols: 80, rows: 24, cwd, env });
  let text = "";
  let from = 0;
  let over = false;
  pty.onData((data) => {
    text += data;
  });
  const name: unknown = Reflect.get(pty, "_pty");
  const slave = typeof name === "string" ? openSync(name, constants.O_RDWR | constants.O_NOCTTY) : undefined;
  const exited = new Promise<{ exitCode: number; signal: number }>((resolve) => {
    pty.onExit(({ exitCode, signal }) => {
      over = true;
      if (slave !== undefined) closeSync(slave);
      resolve({ exitCode, signal: signal ?? 0 });
    });
  });
  return {
    pid: pty.pid,
    text: () => text,
    type: (keys) => pty.write(keys),
    resize: (columns, rows) => pty.resize(columns, rows),
    async see(wanted, ms = 10_000) {
      const find = (): { at: number; length: number } | undefined => {
        const rest = text.slice(from);
        if (typeof wanted === "string") return rest.includes(wanted) ? { at: rest.indexOf(wanted), length: wanted.length } : undefined;
        const found = wanted.exec(rest);
        return found === null ? undefined : { at: found.index, length: found[0].length };
      };
      await until(() => find() !== undefined || over, String(wanted), ms).catch(() => undefined);
      const found = find();
      if (found === undefined) throw new Error(`never printed: ${String(wanted)} after ${JSON.stringify(text.slice(from).slice(-2000))}`);
      const seen = text.slice(from + found.at, from + found.at + found.length);
      from += found.at + found.length;
      return seen;
    },
    exited,
    close() {
      if (!over) pty.kill("SIGKILL");
    },
  };
}
