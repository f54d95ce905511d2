// How long a stream may keep us waiting.

/** The clock of a stream: runs while we wait for the peer, not while our reader takes its time. */
export class Patience {
  late = false;
  #waiting = true;
  readonly #timer: NodeJS.Timeout;
  readonly #live: boolean;

  constructor(limitMs: number, live: boolean, lost: () => void) {
    this.#live = live;
    this.#timer = setTimeout(() => {
      if (!this.#waiting) return;
      this.late = true;
      lost();
    }, limitMs);
  }

  /** Connected: from here on a live stream may be silent. */
  connected(): void {
    if (this.#live) this.end();
  }

  got(): void {
    this.#waiting = false;
  }

  wait(): void {
    this.#waiting = true;
    if (!this.#live) this.#timer.refresh();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
