// The line editor: keys of a raw terminal in, a line out. What is typed while nobody reads
// waits for the next line.
import { EMPTY, atEnd } from "./buffer.ts";
import { type Completed, completed } from "./completer.ts";
import type { Editor, EditorOptions, ReadResult } from "./editor.ts";
import { type Action, SUSPEND_HINT, actionOf } from "./interrupt.ts";
import type { Key } from "./keyboard.ts";
import { LineState } from "./line-state.ts";
import { type Candidate, menuRows } from "./menu.ts";
import { Search } from "./recall.ts";
import type { ShellTerminal } from "./terminal.ts";
import { type Frame, View } from "./view.ts";

const BELL = "\x07";
/** How long keys wait for a completion, in ms. */
const COMPLETION_MS = 100;

export class LineEditor implements Editor {
  readonly #terminal: ShellTerminal;
  readonly #options: EditorOptions;
  readonly #view: View;
  readonly #line: LineState;
  #prompt = "";
  #finish: ((result: ReadResult) => void) | undefined;
  #search: Search | undefined;
  #below: readonly Candidate[] = [];
  #tabs = 0;
  /** Keys that came while an answer to Tab is awaited. */
  #waiting: Key[] | undefined;
  #drawSoon = false;
  /** Lines of a paste that come after the one that runs. */
  #queued: string[] = [];
  #takeBack: (() => void) | undefined;

  constructor(options: EditorOptions) {
    const { terminal } = options;
    this.#options = options;
    this.#terminal = terminal;
    this.#line = new LineState(options.history);
    this.#view = new View({
      get columns() {
        return terminal.columns;
      },
      get rows() {
        return terminal.rows;
      },
      write: (text) => terminal.write(text),
    });
    terminal.parts.output.on("resize", this.#resized);
    terminal.onNotice((text) => this.notice(text));
    terminal.onKeys(options.between);
  }

  readLine(prompt: string): Promise<ReadResult> {
    this.#prompt = prompt;
    this.#line.reset();
    this.#search = undefined;
    this.#forgetMenu();
    const queued = this.#queued.shift();
    if (queued !== undefined) {
      this.#line.set(atEnd(queued));
      this.#draw();
      this.#view.leave();
      return Promise.resolve({ kind: "line", line: queued });
    }
    return new Promise((resolve) => {
      this.#finish = resolve;
      this.#terminal.onKeys(this.#key);
      this.#terminal.onEnd(() => this.#done({ kind: "eof" }));
      this.#terminal.replay();
      if (this.#reading) this.#draw();
    });
  }

  discard(): void {
    this.#queued = [];
  }

  suspend(): void {
    if (this.#reading) this.#view.erase();
    this.#takeBack ??= this.#terminal.lend();
  }

  resume(): void {
    this.#takeBack?.();
    this.#takeBack = undefined;
    if (this.#reading) this.#draw();
  }

  notice(text: string): void {
    if (this.#reading) this.#view.erase();
    this.#terminal.write(`${text.replace(/\r?\n/g, "\r\n")}\r\n`);
    if (this.#reading) this.#draw();
  }

  refresh(): void {
    if (this.#reading) this.#view.resized();
  }

  close(): void {
    if (this.#reading) this.#view.leave();
    this.#waiting = undefined;
    this.#finish = undefined;
    this.#terminal.parts.output.off("resize", this.#resized);
    this.#terminal.onNotice(undefined);
    this.#terminal.onEnd(undefined);
    this.resume();
  }

  get #reading(): boolean {
    return this.#finish !== undefined;
  }

  readonly #resized = (): void => {
    if (this.#reading && this.#takeBack === undefined) this.#view.resized();
  };

  #done(result: ReadResult): void {
    const finish = this.#finish;
    this.#finish = undefined;
    this.#terminal.onKeys(this.#options.between);
    this.#terminal.onEnd(undefined);
    finish?.(result);
  }

  readonly #key = (key: Key): void => {
    if (this.#waiting !== undefined) {
      if (key.name !== "C-c") return void this.#waiting.push(key);
      this.#waiting = undefined;
    }
    if (this.#search !== undefined && this.#searchKey(this.#search, key)) return this.#changed();
    const action = actionOf(key, this.#line.edit.text === "" ? "empty prompt" : "prompt");
    if (action !== undefined) return this.#interrupt(action, key.name === "C-c" ? "^C" : "");
    if (key.name === "return") return this.#accept();
    if (key.name === "tab") return this.#tab();
    this.#forgetMenu();
    if (key.name === "paste") this.#line.type(key.text.replace(/\n+$/, ""));
    else if (key.text !== "") this.#line.type(key.text);
    else if (key.name === "C-l") this.#view.clear();
    else if (key.name === "C-r") this.#search = new Search(this.#options.history(), this.#line.edit);
    else if (!this.#line.press(key.name)) return;
    this.#changed();
  };

  #interrupt(action: Action, mark: string): void {
    const { text } = this.#line.edit;
    if (action === "delete") this.#line.press("delete");
    if (action === "delete") return this.#changed();
    if (action === "ignore") return;
    this.#forgetMenu();
    if (action === "hint" && mark === "") return this.notice(SUSPEND_HINT);
    if (action === "leave") {
      this.#draw();
      this.#view.leave();
      return this.#done({ kind: "eof" });
    }
    this.#line.set(atEnd(text + mark));
    this.#draw();
    this.#view.leave();
    this.#line.reset();
    this.#queued = [];
    this.#terminal.flush();
    this.#done({ kind: "interrupted", empty: text === "" });
  }

  /** The line is ready. Of several pasted lines the first is; the others wait their turn. */
  #accept(): void {
    this.#forgetMenu();
    const lines = this.#line.edit.text.split("\n");
    const [first = "", ...others] = lines.length > 1 ? lines.filter((line) => line.trim() !== "") : lines;
    if (lines.length > 1) {
      this.#view.erase();
      this.#line.set(atEnd(first));
    }
    this.#queued = others;
    this.#draw();
    this.#view.leave();
    this.#done({ kind: "line", line: first });
  }

  /** False when the search has ended and the key is still to be obeyed. */
  #searchKey(search: Search, key: Key): boolean {
    if (key.text !== "" && key.name === "") search.ask(search.query + key.text);
    else if (key.name === "C-r") search.older();
    else if (key.name === "backspace") search.ask([...search.query].slice(0, -1).join(""));
    else {
      this.#search = undefined;
      const cancelled = key.name === "C-g" || key.name === "escape" || key.name === "M-escape" || key.name === "C-c";
      this.#line.set(cancelled ? search.before : { ...search.found });
      return cancelled;
    }
    return true;
  }

  /**
   * Completes. Keys that come before the answer wait for it, so that what is typed quickly
   * means the same as what is typed slowly; but not for long.
   */
  #tab(): void {
    this.#tabs += 1;
    if (this.#below.length > 0) return;
    const waiting: Key[] = [];
    const settle = (answer: Completed | undefined): void => {
      if (this.#waiting !== waiting) return;
      clearTimeout(timer);
      this.#waiting = undefined;
      if (answer !== undefined) this.#completed(answer);
      // A line may end in the middle of them.
      for (const key of waiting) (this.#reading ? this.#key : this.#options.between)(key);
    };
    const timer = setTimeout(() => settle(undefined), COMPLETION_MS);
    this.#waiting = waiting;
    void completed(this.#line.edit, this.#options.complete).then(settle);
  }

  #completed({ edit, open }: Completed): void {
    const same = edit === this.#line.edit;
    if (!same) this.#line.set(edit);
    if (open.length > 0 && this.#tabs > 1) this.#below = open;
    else if (same) this.#terminal.write(BELL);
    this.#changed();
  }

  #forgetMenu(): void {
    this.#below = [];
    this.#tabs = 0;
  }

  /** Draws once for all keys that came together. */
  #changed(): void {
    if (this.#drawSoon) return;
    this.#drawSoon = true;
    queueMicrotask(() => {
      this.#drawSoon = false;
      if (this.#reading && this.#takeBack === undefined) this.#draw();
    });
  }

  #draw(): void {
    const { text, cursor } = this.#search?.found ?? this.#line.edit ?? EMPTY;
    const frame: Frame = { prompt: this.#search?.prompt ?? this.#prompt, text, cursor, below: [] };
    if (this.#below.length === 0) return this.#view.draw(frame);
    const height = this.#view.rows - Math.min(this.#view.rows - 2, this.#view.height(frame)) - 1;
    this.#view.draw({ ...frame, below: menuRows(this.#below, this.#view.columns, height) });
  }
}
