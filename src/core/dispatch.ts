// How a line becomes a result: find, load, bind, check, run. One function, read
// top to bottom; it prints nothing and throws PactError.
import { type Call, type Command, type Effect, type Params, type Result, PactError, page } from "../api/index.ts";
import { type Bound, bind, declared } from "./bind.ts";
import { GLOBAL_FLAGS, type GlobalValues } from "./globals.ts";
import { commandPage } from "./help.ts";
import type { Found, Registry } from "./registry.ts";
import { nearest } from "./suggest.ts";
import type { Word } from "./word.ts";

export interface Outcome {
  readonly path: string;
  readonly result: Result;
  readonly effect: Effect;
}

export interface Engine {
  readonly registry: Registry;
  readonly interactive: boolean;
  /** Everything of a call but its own words: services, scope and options for these global flags. */
  readonly prepare: (globals: GlobalValues, command: Command<any, any>, path: string, signal: AbortSignal) => Promise<Omit<Call<Params, Params>, "args" | "flags" | "signal">>;
  /** Whether this run may write at all. */
  readonly readOnly: (globals: GlobalValues) => boolean;
}

/** Finds and binds without running: what completion, help and the renderer's settings need early. */
export async function resolve(words: readonly Word[], engine: Engine): Promise<{ found: Found; command: Command<any, any>; bound: Bound }> {
  const found = engine.registry.find(words) ?? unknown(words, engine.registry);
  if (found.command.entry.shellOnly === true && !engine.interactive) {
    throw new PactError("usage", `${found.command.path} works in the pact shell only`, { hint: "pact" });
  }
  const { default: command } = await found.command.entry.load();
  return { found, command, bound: bind(declared(found.command.path, command), found.rest) };
}

/** Runs one command. */
export async function dispatch(words: readonly Word[], engine: Engine, signal: AbortSignal): Promise<Outcome> {
  const { found, command, bound } = await resolve(words, engine);
  const { path } = found.command;
  if (bound.globals.help === true) {
    return { path, effect: "local", result: page(commandPage(found.command, command)) };
  }
  if (command.effect !== "read" && command.effect !== "local" && engine.readOnly(bound.globals)) {
    throw new PactError("policy", `${path} is refused: this is a read-only session`, { hint: "leave out --read-only" });
  }
  signal.throwIfAborted();
  const call = await engine.prepare(bound.globals, command, path, signal);
  const result = await command.run({ ...call, args: bound.args, flags: bound.flags, signal });
  return { path, effect: command.effect, result };
}

/** The usage failure for words that are no command, with what was probably meant. */
function unknown(words: readonly Word[], registry: Registry): never {
  const typed: Word[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as Word;
    if (!word.text.startsWith("-")) {
      typed.push(word);
      continue;
    }
    const name = word.text.split("=", 1)[0] ?? "";
    const known = GLOBAL_FLAGS.get(name);
    if (known === undefined && typed.length === 0) {
      throw new PactError("usage", `unknown flag ${name}`, {
        span: word, hint: nearest(name, [...GLOBAL_FLAGS.keys()]).map((flag) => `did you mean ${flag}?`)[0] ?? "pact help flags",
      });
    }
    if (known !== undefined && known.param.takes !== "switch" && !word.text.includes("=")) at++;
  }
  const first = typed[0];
  if (first === undefined) throw new PactError("usage", "a command is missing", { hint: "pact help" });
  const below = registry.below(first.text);
  if (below.length > 0) {
    const second = typed[1];
    const names = below.map(({ path }) => path);
    if (second === undefined) throw new PactError("usage", `${first.text} needs one more word`, { hint: `pact help ${first.text}` });
    const close = nearest(`${first.text} ${second.text}`, names);
    throw new PactError("usage", `unknown command "${first.text} ${second.text}"`, {
      span: second, hint: close.length > 0 ? `did you mean ${close.join(", ")}?` : `pact help ${first.text}`,
    });
  }
  const close = nearest(first.text, registry.all().map(({ path }) => path));
  throw new PactError("usage", `unknown command "${first.text}"`, {
    span: first, hint: close.length > 0 ? `did you mean ${close.join(", ")}?` : "pact help",
  });
}
