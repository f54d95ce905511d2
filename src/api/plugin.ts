// A plugin is a table of contents: names and thunks, nothing loaded until used.
// The builtin commands are a plugin like any other.
import type { Command, Effect } from "./command.ts";

/** The plugin API's version: a whole number; additions do not change it. */
export const API = 1;

export type Lazy<T> = () => Promise<{ readonly default: T }>;

export interface CommandEntry {
  /** Stands here as well as in the command, so that help loads no command; a test holds them equal. */
  readonly summary: string;
  readonly effect: Effect;
  /** Heading in the overview: what an operator wants to do. */
  readonly group: string;
  /** Only in the interactive shell. */
  readonly shellOnly?: boolean;
  readonly load: Lazy<Command<any, any>>;
}

export interface Plugin {
  readonly name: string;
  readonly api: typeof API;
  readonly summary: string;
  readonly commands: Readonly<Record<string, CommandEntry>>;
}

/** Returns its argument, checked against the type. */
export const definePlugin = (plugin: Plugin): Plugin => plugin;
