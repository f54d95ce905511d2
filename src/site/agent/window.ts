// The commit window of a node (A1, A3): opened by drift and by commands that change
// something, closed by time. Only the clock decides; nothing is rolled back here.
import type { Clock } from "../parts.ts";

const BASE_S = 900;
const SENSITIVITY = 2;
const LEAST_S = 60;

/** Longest extension, minutes. */
export const MOST_MINUTES = 1440;

/** Seconds a window stays open for drift of a magnitude. */
export function windowSeconds(magnitude: number): number {
  return Math.max(LEAST_S, Math.trunc(BASE_S / (1 + magnitude * SENSITIVITY)));
}

export interface WindowState {
  readonly state: "idle" | "open" | "expired";
  readonly remainingS: number;
}

export interface CommitWindow {
  now(): WindowState;
  /** Opens, or gives an open or expired one a new deadline. */
  open(magnitude: number): void;
  /** Back to idle: nothing is left to commit. */
  settle(): void;
  /** Answers false when there is no open window. */
  extend(minutes: number): boolean;
}

export function openCommitWindow(clock: Clock): CommitWindow {
  let deadline: number | undefined;
  const now = (): WindowState => {
    if (deadline === undefined) return { state: "idle", remainingS: 0 };
    const left = deadline - clock.now();
    return left > 0 ? { state: "open", remainingS: Math.ceil(left / 1000) } : { state: "expired", remainingS: 0 };
  };
  return {
    now,
    open(magnitude) {
      deadline = clock.now() + windowSeconds(magnitude) * 1000;
    },
    settle() {
      deadline = undefined;
    },
    extend(minutes) {
      if (deadline === undefined || deadline <= clock.now()) return false;
      deadline += minutes * 60_000;
      return true;
    },
  };
}
