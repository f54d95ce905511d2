// Waiting for the second person that a write needs: only at a terminal, where somebody can see it and stop.
import type { AppendAbout, Call } from "pact/api";

const EVERY_MS = 1_000;

export class SecondPerson {
  /** What `append` is told: empty where nobody waits. */
  readonly waits: Pick<AppendAbout, "waiting">;
  readonly #call: Call<any, any>;
  #approvalId: string | undefined;

  constructor(call: Call<any, any>) {
    this.#call = call;
    const attended = !call.options.noWait && call.terminal().interactive;
    this.waits = attended ? { waiting: (approvalId, signal) => this.#wait(approvalId, signal) } : {};
  }

  async #wait(approvalId: string, signal: AbortSignal): Promise<void> {
    if (this.#approvalId === undefined) {
      this.#call.note(`waits for a second person, who runs: pact approve accept ${approvalId}`);
      this.#call.note("Ctrl-C leaves it pending");
    }
    this.#approvalId = approvalId;
    await pause(signal);
  }

  /** Says what became of the request when the waiting was stopped. */
  left(): void {
    if (this.#approvalId !== undefined && this.#call.signal.aborted) this.#call.note(`${this.#approvalId} stays pending; pact approve list shows it`);
  }
}

/** Until it is time to look again. Rejects with the signal's reason. */
function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, EVERY_MS);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
  });
}
