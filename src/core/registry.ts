// The command tree: which words are commands and whose they are. Nothing of a
// command is loaded to be found, listed or suggested.
import { type CommandEntry, type Plugin, PactError } from "../api/index.ts";
import { GLOBALS, flagTable } from "./globals.ts";
import { leadingGlobals } from "./peek.ts";
import type { Word } from "./word.ts";

export interface Registered {
  readonly path: string;
  readonly owner: string;
  readonly entry: CommandEntry;
}

export interface Found {
  readonly command: Registered;
  /** The words that remain: global flags and the command's own, path words removed. */
  readonly rest: readonly Word[];
}

export class Registry {
  readonly #commands = new Map<string, Registered>();
  /** Every path and every beginning of one: `site`, `site up`. */
  readonly #prefixes = new Set<string>();

  /** Adds a plugin's commands; a name that is taken is refused with both owners. */
  add(plugin: Plugin): void {
    for (const [path, entry] of Object.entries(plugin.commands)) {
      const taken = this.#commands.get(path);
      if (taken !== undefined) {
        throw new PactError("internal", `${plugin.name} and ${taken.owner} both offer the command "${path}"`);
      }
      this.#commands.set(path, { path, owner: plugin.name, entry });
      const words = path.split(" ");
      for (let n = 1; n <= words.length; n++) this.#prefixes.add(words.slice(0, n).join(" "));
    }
  }

  all(): readonly Registered[] {
    return [...this.#commands.values()];
  }

  get(path: string): Registered | undefined {
    return this.#commands.get(path);
  }

  /** Commands below a first word, such as those of `site`. */
  below(prefix: string): readonly Registered[] {
    return this.all().filter((command) => command.path.startsWith(`${prefix} `));
  }

  /** Whether the words are global flags and nothing else. */
  isBare(words: readonly Word[]): boolean {
    return leadingGlobals(words) === words.length;
  }

  /** Longest match over the words, looking past global flags. Undefined when no command begins with them. */
  find(words: readonly Word[]): Found | undefined {
    const globals = flagTable(GLOBALS);
    const path: string[] = [];
    const pathAt: number[] = [];
    let best: { command: Registered; length: number } | undefined;
    for (let at = 0; at < words.length; at++) {
      const { text } = words[at] as Word;
      if (text.startsWith("-") && text !== "-" && text !== "--") {
        const given = globals.get(text.split("=", 1)[0] ?? "");
        if (given === undefined) break;
        if (given.param.takes !== "switch" && !text.includes("=")) at++;
        continue;
      }
      if (!this.#prefixes.has([...path, text].join(" "))) break;
      path.push(text);
      pathAt.push(at);
      const command = this.#commands.get(path.join(" "));
      if (command !== undefined) best = { command, length: path.length };
    }
    if (best === undefined) return undefined;
    const used = new Set(pathAt.slice(0, best.length));
    return { command: best.command, rest: words.filter((_, at) => !used.has(at)) };
  }
}
