// A remote terminal's bytes on their way to ours. They are raw, but what would
// reach past the screen is left out: the clipboard (OSC 52), titles and other
// operating system commands, and questions whose answers would be typed at us.

const ESC = "\u001b";
/** OSC and other string sequences: to BEL or ST. */
const STRING_SEQUENCE = /\u001b[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)/gu;
/** Device attributes, status and version questions. */
const QUESTIONS = /\u001b\[[>=?]?[0-9;]*[cn]|\u001b\[>[0-9;]*q|\u001bZ|\u0005/gu;
/** A sequence that the end of the chunk cuts. */
const OPEN = /\u001b(?:[\]PX^_][^\u0007\u001b]*\u001b?|\[[>=?0-9;]*)?$/u;
const MOST_HELD = 64 * 1024;

/** Put on the terminal after a remote session: whatever modes it left on are off again. */
export const RESET_MODES =
  `${ESC}[?1000l${ESC}[?1002l${ESC}[?1003l${ESC}[?1006l${ESC}[?1004l${ESC}[?2004l${ESC}[?1049l${ESC}[?25h${ESC}[?7h${ESC}[?1l${ESC}>${ESC}[0m`;

export class RemoteScreen {
  #decoder = new TextDecoder("utf-8");
  #held = "";

  push(bytes: Uint8Array): string {
    let text = this.#held + this.#decoder.decode(bytes, { stream: true });
    this.#held = "";
    const open = OPEN.exec(text);
    if (open !== null && open[0].length < MOST_HELD) {
      this.#held = open[0];
      text = text.slice(0, open.index);
    } else if (open !== null) {
      // A string sequence without end: dropped, not shown.
      text = text.slice(0, open.index);
    }
    return clean(text);
  }

  end(): string {
    const rest = this.#held + this.#decoder.decode();
    this.#held = "";
    return clean(rest).replace(OPEN, "");
  }
}

const clean = (text: string): string => text.replace(STRING_SEQUENCE, "").replace(QUESTIONS, "");
