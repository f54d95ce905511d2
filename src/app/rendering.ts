// How a line's answer and its failures are shown: format, fields and colours, as its flags and the
// settings say.
import type { GlobalValues } from "../core/globals.ts";
import type { Sink } from "../core/sink.ts";
import type { RenderSettings } from "../render/settings.ts";
import { loadTheme, PLAIN } from "../render/theme.ts";
import { type ColorChoice, type Io, wantsColor } from "./io.ts";
import type { SettingsLoader } from "./loader.ts";

/** From the flags alone, for what goes wrong before the settings are read. */
export function plainRendering(io: Io, globals: GlobalValues, out: Sink, err: Sink): RenderSettings {
  return {
    format: globals.output === "json" || globals.output === "ndjson" ? globals.output : "text",
    fields: globals.fields?.split(",").filter((field) => field !== ""),
    now: io.now,
    theme: PLAIN,
    errTheme: PLAIN,
    verbose: globals.verbose ?? 0,
    quiet: globals.quiet === true,
    out,
    err,
  };
}

/** With the settings; throws usage for a --token that cannot be read. */
export async function rendering(io: Io, loader: SettingsLoader, globals: GlobalValues, out: Sink, err: Sink): Promise<RenderSettings> {
  const { settings } = await loader.load(globals, true);
  const choice: ColorChoice = globals.color ?? "auto";
  const { env, stdoutTty, stderrTty } = io;
  return {
    ...plainRendering(io, globals, out, err),
    format: settings.output.value,
    theme: await loadTheme(out.color || (choice === "always" && wantsColor(choice, env, stdoutTty))),
    errTheme: await loadTheme(choice === "never" ? false : err.color || (choice === "always" && stderrTty)),
  };
}
