// What the shell needs of the program around it. The app implements it; the shell knows
// neither commands nor settings.
import type { PipelineHost } from "../core/pipeline.ts";
import type { Completion } from "./completer.ts";
import type { History } from "./history.ts";
import type { PromptState } from "./prompt.ts";

export { runShell } from "./repl.ts";
export { runScript, linesOf } from "./script.ts";

export interface ShellHost extends PipelineHost {
  /** Candidates for the word at the cursor; from memory only. */
  complete(line: string, cursor: number): Promise<Completion>;
  prompt(): PromptState;
  /** At most three lines. */
  banner(): readonly string[];
  readonly history: History;
  /** Called after each line, with how it went. */
  finished(line: string, exit: number, ms: number): void;
  /** A command asked to leave. */
  leaving(): boolean;
}
