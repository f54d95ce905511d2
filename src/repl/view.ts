// Draws the edit line, over as many rows as it takes, with rows of help below it.
import { type Layout, type Row, layOut } from "./layout.ts";

export interface Frame {
  readonly prompt: string;
  readonly text: string;
  readonly cursor: number;
  /** Rows below the line; cut by the caller to the width. */
  readonly below: readonly string[];
}

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
}

const up = (rows: number): string => (rows > 0 ? `\x1b[${rows}A` : "");
const CLEAR_BELOW = "\x1b[J";

export class View {
  readonly #screen: Screen;
  #frame: Frame | undefined;
  /** Rows between the first drawn row and the cursor. */
  #above = 0;
  #columns = 0;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  get columns(): number {
    return Math.max(4, this.#screen.columns);
  }

  get rows(): number {
    return Math.max(2, this.#screen.rows);
  }

  /** Rows that prompt and text of a frame take. */
  height(frame: Frame): number {
    return layOut(frame.prompt, frame.text, frame.cursor, this.columns).rows.length;
  }

  /** Replaces what was drawn before. */
  draw(frame: Frame): void {
    const { columns } = this;
    const layout = layOut(frame.prompt, frame.text, frame.cursor, columns);
    if (!this.#appended(frame, layout)) this.#redraw(frame, layout);
    this.#frame = frame;
    this.#columns = columns;
  }

  /** Draws the last frame again, for a terminal that may have moved its rows to a new width. */
  resized(): void {
    const frame = this.#frame;
    if (frame === undefined) return;
    if (this.#columns !== this.columns) this.#above = layOut(frame.prompt, frame.text, frame.cursor, this.columns).cursorRow;
    this.#above = Math.min(this.#above, this.rows - 1);
    this.#frame = undefined;
    this.draw({ ...frame, below: [] });
  }

  /** Takes what was drawn away; the cursor stands at the start of its first row. */
  erase(): void {
    if (this.#frame === undefined) return;
    this.#screen.write(`\r${up(this.#above)}${CLEAR_BELOW}`);
    this.#forget();
  }

  /** Leaves the line as it is and goes on below it. */
  leave(): void {
    const frame = this.#frame;
    if (frame === undefined) return;
    this.draw({ ...frame, cursor: frame.text.length, below: [] });
    this.#screen.write("\r\n");
    this.#forget();
  }

  /** Empties the whole screen. */
  clear(): void {
    this.#screen.write("\x1b[H\x1b[2J");
    this.#forget();
  }

  #forget(): void {
    this.#frame = undefined;
    this.#above = 0;
  }

  /** The common case, one more character at the end of the line, costs no redraw. */
  #appended(frame: Frame, layout: Layout): boolean {
    const before = this.#frame;
    if (before === undefined || before.below.length > 0 || frame.below.length > 0) return false;
    if (before.prompt !== frame.prompt || before.cursor !== before.text.length || frame.cursor !== frame.text.length) return false;
    if (this.#columns !== this.columns || layout.cursorRow !== this.#above || layout.rows.length > this.rows) return false;
    const added = frame.text.slice(before.text.length);
    if (added === "" || !frame.text.startsWith(before.text) || !/^[ -~]+$/.test(added)) return false;
    this.#screen.write(added);
    return true;
  }

  #redraw(frame: Frame, layout: Layout): void {
    const shown = this.#window(layout, frame.below.length);
    let text = `\r${up(this.#above)}${CLEAR_BELOW}`;
    shown.rows.forEach((row, at) => {
      text += row.text;
      // A row that is full goes on by itself; before an empty row the terminal needs telling.
      const next = shown.rows[at + 1];
      if (next !== undefined && (!row.wraps || next.text === "")) text += "\r\n";
    });
    for (const row of frame.below) text += `\r\n${row}`;
    const drawn = shown.rows.length - 1 + frame.below.length;
    text += `\r${up(drawn - shown.cursorRow)}`;
    if (layout.cursorColumn > 0) text += `\x1b[${layout.cursorColumn}C`;
    this.#screen.write(text);
    this.#above = shown.cursorRow;
  }

  /** The rows around the cursor that fit on the screen. */
  #window({ rows, cursorRow }: Layout, below: number): { rows: readonly Row[]; cursorRow: number } {
    const height = Math.max(1, this.rows - below);
    if (rows.length <= height) return { rows, cursorRow };
    const top = Math.min(Math.max(0, cursorRow - Math.floor(height / 2)), rows.length - height);
    return { rows: rows.slice(top, top + height), cursorRow: cursorRow - top };
  }
}
