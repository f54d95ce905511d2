// What a person types into a remote shell, and the few sequences that are ours:
// `~.` leave, `~?` help, `~~` a tilde. Only right after a line end, as in ssh.

export type EscapeAction = "leave" | "help";

const TILDE = 0x7e;
const LINE_ENDS: ReadonlySet<number> = new Set([0x0d, 0x0a]);
const ACTIONS: ReadonlyMap<number, EscapeAction> = new Map([[0x2e, "leave"], [0x3f, "help"]]);

/** Splits typed bytes into what goes to the node and what is meant for us. Keeps state between chunks. */
export class EscapeReader {
  #atLineStart = true;
  #tilde = false;

  push(bytes: Uint8Array): { send: Uint8Array; actions: EscapeAction[] } {
    const send: number[] = [];
    const actions: EscapeAction[] = [];
    for (const byte of bytes) {
      if (this.#tilde) {
        this.#tilde = false;
        const action = ACTIONS.get(byte);
        if (action !== undefined) {
          actions.push(action);
          continue;
        }
        send.push(TILDE);
        if (byte === TILDE) {
          this.#atLineStart = false;
          continue;
        }
      } else if (this.#atLineStart && byte === TILDE) {
        this.#tilde = true;
        continue;
      }
      send.push(byte);
      this.#atLineStart = LINE_ENDS.has(byte);
    }
    return { send: Uint8Array.from(send), actions };
  }
}
