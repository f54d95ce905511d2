// What a line may write to: shut once nobody waits for the line any more, so that late
// output does not land in the next prompt. Remembers whether the cursor is at a line's start.
import { ClosedSink, type Sink } from "../core/sink.ts";

export class Gate {
  #shut = false;
  #atLineStart = true;

  get atLineStart(): boolean {
    return this.#atLineStart;
  }

  /** Everything written from now on is refused, as if the reader had gone. */
  shut(): void {
    this.#shut = true;
  }

  through(sink: Sink): Sink {
    const gate = this;
    return {
      get width() {
        return sink.width;
      },
      color: sink.color,
      write(data) {
        if (gate.#shut) return Promise.reject(new ClosedSink());
        if (data.length > 0) gate.#atLineStart = typeof data === "string" ? data.endsWith("\n") : data[data.length - 1] === 10;
        return sink.write(data);
      },
    };
  }
}
