// Slows down the guessing of passwords: after three failures in a row a name has
// to wait, twice as long each time, up to a minute.
import type { Clock } from "../parts.ts";

const FREE_TRIES = 3;
const LONGEST_MS = 60_000;
const MOST_NAMES = 1000;

export interface Throttle {
  /** Milliseconds to wait before the name may be tried; 0 when it may now. */
  wait(name: string): number;
  failed(name: string): void;
  succeeded(name: string): void;
}

export function createThrottle(clock: Clock): Throttle {
  const failures = new Map<string, { count: number; until: number }>();
  return {
    wait: (name) => Math.max(0, (failures.get(name)?.until ?? 0) - clock.now()),
    failed(name) {
      const count = (failures.get(name)?.count ?? 0) + 1;
      const pause = count < FREE_TRIES ? 0 : Math.min(LONGEST_MS, 1000 * 2 ** (count - FREE_TRIES));
      failures.delete(name);
      failures.set(name, { count, until: clock.now() + pause });
      // Invented names must not fill the memory: the oldest are forgotten.
      const oldest = failures.keys().next();
      if (failures.size > MOST_NAMES && oldest.done === false) failures.delete(oldest.value);
    },
    succeeded: (name) => void failures.delete(name),
  };
}
