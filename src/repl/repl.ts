// The interactive shell: read, run, say how it went, repeat. A Ctrl-C never ends it, and
// however it ends the terminal is as it was before.
import { constants } from "node:os";
import type { Editor } from "./editor.ts";
import { Gate } from "./gate.ts";
import type { ShellHost } from "./host.ts";
import { LEAVE_HINT, STOP_WAIT_MS, type StoppableRun, actionOf, startStoppable } from "./interrupt.ts";
import type { Key } from "./keyboard.ts";
import { runText } from "./line.ts";
import { LineEditor } from "./line-editor.ts";
import { runOnTerminal } from "./local.ts";
import { PlainEditor } from "./plain-editor.ts";
import { promptText } from "./prompt.ts";
import type { ShellTerminal } from "./terminal.ts";

const signalled = (name: NodeJS.Signals): number => 128 + constants.signals[name];
const CTRL_C: Key = { name: "C-c", text: "", sequence: "\x03" };

export interface ShellOptions {
  /** How long a cancelled line is waited for, in ms. */
  readonly stopWaitMs?: number;
}

/** Runs the shell until it is left: 0, or 128+n when a signal ended it. */
export function runShell(host: ShellHost, terminal: ShellTerminal, options: ShellOptions = {}): Promise<number> {
  return new Shell(host, terminal, options).run();
}

class Shell {
  readonly #host: ShellHost;
  readonly #terminal: ShellTerminal;
  readonly #editor: Editor;
  readonly #stopWaitMs: number;
  #running: StoppableRun | undefined;
  /** Ctrl-C came after the line was entered and before it began. */
  #armed = false;
  #hinted = false;
  #endWith: (status: number) => void = () => undefined;
  /** Settles when a signal ends the shell. */
  readonly #ended = new Promise<number>((resolve) => {
    this.#endWith = resolve;
  });

  constructor(host: ShellHost, terminal: ShellTerminal, { stopWaitMs = STOP_WAIT_MS }: ShellOptions) {
    this.#host = host;
    this.#terminal = terminal;
    this.#stopWaitMs = stopWaitMs;
    const between = (key: Key): void => this.#between(key);
    this.#editor = terminal.plain
      ? new PlainEditor({ terminal, between })
      : new LineEditor({
          terminal,
          between,
          history: () => host.history.texts(),
          complete: (line, cursor) => host.complete(line, cursor),
        });
  }

  async run(): Promise<number> {
    const quiet = this.#listen();
    this.#terminal.open();
    try {
      for (const line of this.#host.banner().slice(0, 3)) this.#terminal.notice(line);
      return await this.#loop();
    } finally {
      this.#running?.abandon();
      this.#editor.close();
      this.#terminal.close();
      for (const stop of quiet) stop();
    }
  }

  #listen(): (() => void)[] {
    const { onSignal } = this.#terminal.parts;
    return [
      onSignal("SIGINT", () => this.#terminal.press("C-c")),
      onSignal("SIGTERM", () => this.#endWith(signalled("SIGTERM"))),
      onSignal("SIGHUP", () => this.#endWith(signalled("SIGHUP"))),
      onSignal("SIGCONT", () => {
        this.#terminal.reclaim();
        this.#editor.refresh();
      }),
    ];
  }

  async #loop(): Promise<number> {
    for (;;) {
      this.#armed = false;
      const got = await Promise.race([this.#editor.readLine(promptText(this.#host.prompt())), this.#ended]);
      if (typeof got === "number") return got;
      if (got.kind === "eof") return 0;
      if (got.kind === "interrupted" && got.empty && !this.#hinted) {
        this.#hinted = true;
        this.#terminal.notice(LEAVE_HINT);
      }
      if (got.kind !== "line") continue;
      const end = await this.#line(got.line);
      if (end !== undefined) return end;
    }
  }

  /** Runs one line; answers the shell's status when it ends with it. */
  async #line(text: string): Promise<number | undefined> {
    if (text.trim() === "") return undefined;
    if (/^\s*(?:\\q|:q)\s*$/.test(text)) {
      this.#terminal.notice(LEAVE_HINT);
      return undefined;
    }
    const record = this.#host.history.begin(text, this.#host.prompt());
    const started = performance.now();
    const gate = new Gate();
    const run = this.#start(text, gate);
    const outcome = await Promise.race([run.result, this.#ended]);
    const ms = performance.now() - started;
    this.#running = undefined;
    if (typeof outcome === "number") {
      gate.shut();
      run.abandon();
      record.finish(null, ms);
      return outcome;
    }
    if (outcome.abandoned) {
      gate.shut();
      this.#terminal.revoke();
    }
    if (outcome.exit === signalled("SIGINT")) this.#editor.discard();
    record.finish(outcome.exit, ms);
    this.#host.finished(text, outcome.exit, ms);
    if (!gate.atLineStart) this.#terminal.write("\r\n");
    this.#terminal.freshLine();
    if (outcome.quit) return signalled("SIGQUIT");
    return this.#host.leaving() ? 0 : undefined;
  }

  #start(text: string, gate: Gate): StoppableRun {
    const { out, err } = this.#terminal.parts;
    const sinks = { out: gate.through(out), err: gate.through(err) };
    const run = startStoppable(
      (signal) => runText(text, this.#host, sinks, (command, stop) => runOnTerminal(command, this.#host, this.#terminal.lease(), stop), signal),
      (line) => this.#terminal.notice(line),
      this.#stopWaitMs,
    );
    this.#running = run;
    if (this.#armed) run.key(CTRL_C);
    return run;
  }

  /** A key while no line is read: it interrupts what runs, or waits for the next line. */
  #between(key: Key): void {
    const action = actionOf(key, "running");
    if (action === undefined || action === "keep") return this.#terminal.hold(key);
    if (key.name === "C-c") {
      this.#terminal.flush();
      if (!this.#terminal.plain) this.#terminal.write("^C\r\n");
    }
    if (this.#running !== undefined) this.#running.key(key);
    else if (key.name === "C-c") this.#armed = true;
  }
}
