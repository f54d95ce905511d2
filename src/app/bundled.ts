// The one list of what ships with pact: tables of contents behind thunks.
import type { Lazy, Plugin } from "../api/index.ts";

export const BUNDLED: readonly Lazy<Plugin>[] = [
  () => import("../builtins/plugin.ts"),
  () => import("../repl/plugin.ts"),
  () => import("../site/plugin.ts"),
];
