// One line while it is edited: text, what was killed, and the way through history. Keys by
// name in one table; nothing here knows a terminal.
import {
  type Edit, type Motion, EMPTY, blankLeft, cut, end, home, insert, left, moveTo, replace, right, wordLeft, wordRight,
} from "./buffer.ts";
import { LastWords, Walk } from "./recall.ts";

export class LineState {
  edit: Edit = EMPTY;
  readonly #lines: () => readonly string[];
  #killed = "";
  /** What the key before did, for keys that go on with it. */
  #ongoing: "kill" | Walk | LastWords | undefined;

  /** `lines` gives history, oldest first; asked only when a key needs it. */
  constructor(lines: () => readonly string[]) {
    this.#lines = lines;
  }

  /** A new line; what was killed stays for Ctrl-Y. */
  reset(): void {
    this.edit = EMPTY;
    this.#ongoing = undefined;
  }

  set(edit: Edit): void {
    this.edit = edit;
    this.#ongoing = undefined;
  }

  type(text: string): void {
    this.set(insert(this.edit, text));
  }

  /** Does what a key stands for; false when it stands for nothing here. */
  press(name: string): boolean {
    const binding = BINDINGS[name];
    if (binding === undefined) return false;
    binding(this);
    return true;
  }

  move(motion: Motion): void {
    this.set(moveTo(this.edit, motion(this.edit)));
  }

  erase(motion: Motion): void {
    this.set(cut(this.edit, motion).edit);
  }

  /** Removes for Ctrl-Y; one kill after another makes one text. */
  kill(motion: Motion): void {
    const forward = motion(this.edit) >= this.edit.cursor;
    const { edit, removed } = cut(this.edit, motion);
    const before = this.#ongoing === "kill" ? this.#killed : "";
    if (removed !== "") this.#killed = forward ? before + removed : removed + before;
    this.edit = edit;
    this.#ongoing = "kill";
  }

  yank(): void {
    this.type(this.#killed);
  }

  transpose(): void {
    const { text, cursor } = this.edit;
    const second = cursor === text.length ? left(this.edit) : cursor;
    const first = left({ text, cursor: second });
    const after = right({ text, cursor: second });
    if (first === second || after === second) return;
    this.set(replace(this.edit, first, after, text.slice(second, after) + text.slice(first, second)));
  }

  recall(direction: -1 | 1): void {
    const walk = this.#ongoing instanceof Walk ? this.#ongoing : new Walk(this.#lines(), this.edit);
    this.edit = walk.step(direction, this.edit) ?? this.edit;
    this.#ongoing = walk;
  }

  lastWord(): void {
    const words = this.#ongoing instanceof LastWords ? this.#ongoing : new LastWords(this.#lines(), this.edit);
    this.edit = words.next(this.edit);
    this.#ongoing = words;
  }
}

const BINDINGS: Readonly<Record<string, (line: LineState) => void>> = {
  left: (line) => line.move(left),
  "C-b": (line) => line.move(left),
  right: (line) => line.move(right),
  "C-f": (line) => line.move(right),
  home: (line) => line.move(home),
  "C-a": (line) => line.move(home),
  end: (line) => line.move(end),
  "C-e": (line) => line.move(end),
  "M-b": (line) => line.move(wordLeft),
  "C-left": (line) => line.move(wordLeft),
  "M-left": (line) => line.move(wordLeft),
  "M-f": (line) => line.move(wordRight),
  "C-right": (line) => line.move(wordRight),
  "M-right": (line) => line.move(wordRight),
  backspace: (line) => line.erase(left),
  "C-h": (line) => line.erase(left),
  delete: (line) => line.erase(right),
  "C-k": (line) => line.kill(end),
  "C-u": (line) => line.kill(home),
  "C-w": (line) => line.kill(blankLeft),
  "M-backspace": (line) => line.kill(wordLeft),
  "M-d": (line) => line.kill(wordRight),
  "C-y": (line) => line.yank(),
  "C-t": (line) => line.transpose(),
  up: (line) => line.recall(-1),
  "C-p": (line) => line.recall(-1),
  down: (line) => line.recall(1),
  "C-n": (line) => line.recall(1),
  "M-.": (line) => line.lastWord(),
};
