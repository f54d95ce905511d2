// The site's time: the machine's own, or one that tests move and speed up.
import type { Clock } from "./parts.ts";

/** Longest a timer may run; beyond it Node fires at once. Also bounds how late a changed machine clock is noticed. */
const LONGEST_MS = 60_000;

export interface TestClock extends Clock {
  /** Moves forward; everything that falls due on the way runs, in order, before this returns. */
  advance(ms: number): void;
  /** Clock seconds for each real second; 0 stops it. */
  setRate(rate: number): void;
  readonly rate: number;
  /** Forgets what is still to come. */
  close(): void;
}

/** Whether a clock can be moved. */
export function isTestClock(clock: Clock): clock is TestClock {
  return "advance" in clock;
}

/** The machine's clock. Its timers never keep the process alive. */
export function realClock(): Clock {
  return {
    now: () => Date.now(),
    at(moment, run) {
      let timer: NodeJS.Timeout | undefined;
      const wait = (): void => {
        const left = moment - Date.now();
        timer = setTimeout(() => (moment <= Date.now() ? run() : wait()), Math.max(0, Math.min(left, LONGEST_MS)));
        timer.unref();
      };
      wait();
      return () => clearTimeout(timer);
    },
  };
}

interface Waiting {
  readonly moment: number;
  readonly run: () => void;
}

/**
 * A clock that starts at `start` (ms, default now) and runs `rate` times as fast as `real`.
 * Callbacks never run inside `at` itself, also when their moment has passed.
 */
export function testClock(start = Date.now(), rate = 1, real: () => number = () => performance.now()): TestClock {
  const waiting = new Set<Waiting>();
  let shownAt = start;
  let realAt = real();
  let speed = rate;
  let timer: NodeJS.Timeout | undefined;

  const now = (): number => Math.floor(shownAt + (real() - realAt) * speed);
  const pin = (moment: number): void => {
    shownAt = moment;
    realAt = real();
  };
  const next = (): Waiting | undefined => {
    let first: Waiting | undefined;
    for (const one of waiting) if (first === undefined || one.moment < first.moment) first = one;
    return first;
  };
  const runDue = (until: number): void => {
    for (let one = next(); one !== undefined && one.moment <= until; one = next()) {
      waiting.delete(one);
      one.run();
    }
  };
  const arm = (): void => {
    clearTimeout(timer);
    const first = next();
    if (first === undefined) return;
    const left = first.moment - now();
    if (left > 0 && speed === 0) return;
    timer = setTimeout(() => {
      runDue(now());
      arm();
    }, left <= 0 ? 0 : Math.min(Math.ceil(left / speed), LONGEST_MS));
    timer.unref();
  };

  return {
    now,
    at(moment, run) {
      // Never at once: a callback that asks for "now" again and again must not stop the clock.
      const one = { moment: Math.max(moment, now() + 1), run };
      waiting.add(one);
      arm();
      return () => {
        if (waiting.delete(one)) arm();
      };
    },
    advance(ms) {
      const target = now() + ms;
      // What falls due on the way sees the moment it asked for, not the end of the move.
      for (let one = next(); one !== undefined && one.moment <= target; one = next()) {
        waiting.delete(one);
        pin(Math.max(one.moment, now()));
        one.run();
      }
      pin(Math.max(target, now()));
      arm();
    },
    setRate(rate) {
      pin(now());
      speed = rate;
      arm();
    },
    get rate() {
      return speed;
    },
    close() {
      clearTimeout(timer);
      waiting.clear();
    },
  };
}
