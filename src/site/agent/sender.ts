// Writes to a gRPC stream at the speed of its reader. A reader that is gone is
// not an error: writing then does nothing.

interface Outgoing<A> {
  write(message: A): boolean;
  on(event: "drain" | "error", listener: () => void): unknown;
}

export interface Sender<A> {
  /** Whether the stream took it without asking for a pause. */
  send(message: A): boolean;
  /** Resolves when the stream takes more, or its reader is gone. */
  ready(): Promise<void>;
  readonly gone: boolean;
}

export function senderOf<A>(call: Outgoing<A>, signal: AbortSignal): Sender<A> {
  let full = false;
  let waiting: (() => void)[] = [];
  const wake = (): void => {
    full = false;
    const all = waiting;
    waiting = [];
    for (const one of all) one();
  };
  call.on("drain", wake);
  call.on("error", wake);
  signal.addEventListener("abort", wake, { once: true });
  return {
    send(message) {
      if (signal.aborted) return true;
      full = !call.write(message);
      return !full;
    },
    ready: () => (full && !signal.aborted ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve()),
    get gone() {
      return signal.aborted;
    },
  };
}
