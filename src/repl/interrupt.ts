// The keys that interrupt, in one table, and a run of one line that obeys them.
import { INTERRUPTED } from "../core/pipeline.ts";
import type { Key } from "./keyboard.ts";

export type Situation = "prompt" | "empty prompt" | "running" | "stopping";
export type Action =
  | "clear"    // drop the line, new prompt
  | "hint"     // say how it is done here
  | "leave"    // end the shell
  | "delete"   // the character under the cursor
  | "cancel"   // abort the running line and wait for it
  | "abandon"  // stop waiting for it
  | "quit"     // leave at once
  | "keep"     // for the next line
  | "ignore";

/** Rows: the key. Columns: what the shell is doing. In a lease all keys belong to the program. */
export const RULES: Readonly<Record<string, Readonly<Record<Situation, Action>>>> = {
  "C-c": { prompt: "clear", "empty prompt": "hint", running: "cancel", stopping: "abandon" },
  "C-d": { prompt: "delete", "empty prompt": "leave", running: "keep", stopping: "keep" },
  "C-z": { prompt: "hint", "empty prompt": "hint", running: "hint", stopping: "hint" },
  "C-\\": { prompt: "ignore", "empty prompt": "ignore", running: "quit", stopping: "quit" },
};

export const LEAVE_HINT = "to leave: exit, quit or Ctrl-D";
export const SUSPEND_HINT = "pact is not suspended; !bash opens a shell here";

/** What a key does now; undefined for keys that do not interrupt. */
export const actionOf = (key: Key, situation: Situation): Action | undefined => RULES[key.name]?.[situation];

/** How long a cancelled line is waited for, in ms: local programs have 2 s of it. */
export const STOP_WAIT_MS = 4000;

export interface StoppableRun {
  /** A key that interrupts. */
  key(key: Key): void;
  /** The line's status; 130 when it was abandoned. */
  readonly result: Promise<{ readonly exit: number; readonly abandoned: boolean; readonly quit: boolean }>;
  /** Aborts and stops waiting, for the end of the shell. */
  abandon(): void;
}

/** Starts a line so that keys can cancel it. `say` shows one line to the person. */
export function startStoppable(run: (signal: AbortSignal) => Promise<number>, say: (text: string) => void, waitMs = STOP_WAIT_MS): StoppableRun {
  const abort = new AbortController();
  let situation: Situation = "running";
  let timer: NodeJS.Timeout | undefined;
  let giveUp: (quit: boolean) => void = () => undefined;
  const abandoned = new Promise<{ exit: number; abandoned: boolean; quit: boolean }>((resolve) => {
    giveUp = (quit) => resolve({ exit: INTERRUPTED, abandoned: true, quit });
  });
  const finished = run(abort.signal).then((exit) => ({ exit, abandoned: false, quit: false }));
  // After it was abandoned nobody is left to hear of its failure.
  finished.catch(() => undefined);
  const stopWaiting = (why: string): void => {
    abort.abort();
    say(why);
    giveUp(false);
  };
  const actions: Partial<Record<Action, () => void>> = {
    cancel() {
      situation = "stopping";
      timer = setTimeout(() => stopWaiting("it did not stop in time and may still be running; no longer waiting"), waitMs);
      abort.abort();
    },
    abandon: () => stopWaiting("no longer waiting; it may still be running"),
    hint: () => say(SUSPEND_HINT),
    quit() {
      abort.abort();
      giveUp(true);
    },
  };
  return {
    key(key) {
      const action = actionOf(key, situation);
      if (action !== undefined) actions[action]?.();
    },
    result: Promise.race([finished, abandoned]).finally(() => clearTimeout(timer)),
    abandon() {
      abort.abort();
      giveUp(false);
    },
  };
}
