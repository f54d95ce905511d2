// How a run wants its answer shown, and what showing it found out.
import type { Format, PactError } from "../api/index.ts";
import type { Sink } from "../core/sink.ts";
import type { Theme } from "./theme.ts";

export interface RenderSettings {
  readonly format: Format;
  /** Undefined: all. Empty: list what exists. */
  readonly fields: readonly string[] | undefined;
  readonly now: () => Date;
  readonly theme: Theme;
  readonly errTheme: Theme;
  readonly verbose: number;
  readonly quiet: boolean;
  readonly out: Sink;
  readonly err: Sink;
}

export interface Rendered {
  readonly answered: number;
  readonly problems: readonly PactError[];
}
