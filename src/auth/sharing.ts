// Callers that want the same thing at the same time share one work.
import { setMaxListeners } from "node:events";
import { interrupted } from "./problems.ts";

/** Runs `work` unless it runs already under this key; each caller can stop waiting for it alone. */
export function sharing<T>(): (key: string, signal: AbortSignal, work: () => Promise<T>) => Promise<T> {
  const running = new Map<string, Promise<T>>();
  const start = (key: string, work: () => Promise<T>): Promise<T> => {
    const started = work().finally(() => running.delete(key));
    running.set(key, started);
    return started;
  };
  return async (key, signal, work) => {
    if (signal.aborted) throw interrupted();
    let stop = (): void => undefined;
    // Calls to many nodes share one signal; that is no leak worth a warning.
    setMaxListeners(0, signal);
    const aborted = new Promise<never>((_resolve, reject) => {
      stop = () => reject(interrupted());
      signal.addEventListener("abort", stop, { once: true });
    });
    try {
      return await Promise.race([running.get(key) ?? start(key, work), aborted]);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  };
}
