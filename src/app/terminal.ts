// The terminal of a one-shot run: no editor to put aside, so it is made when asked for.
import type { Terminal } from "../api/index.ts";
import type { Io } from "./io.ts";

export function oneShotTerminal(io: Io): Terminal {
  return {
    interactive: io.stdinTty && io.stdoutTty,
    async lease() {
      const { processTerminal } = await import("../repl/terminal.ts");
      return processTerminal(process, io.out, io.err).lease();
    },
  };
}
