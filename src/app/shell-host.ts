// What the interactive shell and scripts need of the program: running a
// command's words, completion, prompt and history.
import type { PactError } from "../api/index.ts";
import { type Candidate, complete } from "../core/complete.ts";
import { cursorOf } from "../core/cursor.ts";
import { quoteWord } from "../core/lexer.ts";
import type { Sink } from "../core/sink.ts";
import { type Word, wordsFromArgv } from "../core/word.ts";
import { withoutSecrets } from "../repl/child-env.ts";
import type { History } from "../repl/history.ts";
import type { ShellHost } from "../repl/host.ts";
import { commandOf } from "./disguise.ts";
import type { Host } from "./host.ts";
import { KnownNames } from "./known.ts";

export class HostForShell implements ShellHost {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly history: History;
  readonly #host: Host;
  readonly #known: KnownNames;
  readonly #banner: readonly string[];
  #lastExit = 0;

  constructor(host: Host, history: History, banner: readonly string[], cwd: string) {
    this.#host = host;
    this.history = history;
    this.#banner = banner;
    this.#known = new KnownNames(host);
    this.env = withoutSecrets(host.io.env);
    this.cwd = cwd;
  }

  async command(words: readonly Word[], out: Sink, err: Sink, signal: AbortSignal): Promise<number> {
    // Advice reads `pact …`, and is pasted here too.
    const own = words.length > 1 && words[0]?.text === "pact" ? words.slice(1) : words;
    const line = own[0]?.text === "?" ? [...wordsFromArgv(["help"]), ...own.slice(1)] : own;
    return await this.#host.run(commandOf(line, this.#host.registry) ?? line, out, err, signal);
  }

  async failure(error: PactError, err: Sink, line?: string): Promise<void> {
    await this.#host.show(error, err, line);
  }

  async complete(line: string, cursor: number): Promise<{ start: number; candidates: readonly Candidate[] }> {
    const { place, before, partial, start } = cursorOf(line.slice(0, cursor));
    if (place !== "command") return { start, candidates: [] };
    const { candidates } = await complete(before, partial, this.#host.registry, this.#known.now, true);
    return { start, candidates: candidates.map((candidate) => ({ ...candidate, text: quoteWord(candidate.text) })) };
  }

  prompt() {
    this.#known.refresh();
    const { vcluster, node } = this.#host.selection();
    return {
      vcluster,
      node,
      lastExit: this.#lastExit,
      segments: this.#host.session.values.readOnly === true ? ["read-only"] : [],
    };
  }

  banner(): readonly string[] {
    return this.#banner;
  }

  finished(_line: string, exit: number): void {
    this.#lastExit = exit;
  }

  leaving(): boolean {
    return this.#host.session.leaving;
  }
}
