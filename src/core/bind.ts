// Words and a declaration → typed arguments and flags, or a usage failure that
// points at the word.
import { type Command, type Param, type Params, PactError } from "../api/index.ts";
import { GLOBALS, GLOBAL_FLAGS, type GlobalValues, dashed, flagTable } from "./globals.ts";
import { nearest } from "./suggest.ts";
import type { Word } from "./word.ts";

export interface Bound {
  readonly args: Readonly<Record<string, unknown>>;
  readonly flags: Readonly<Record<string, unknown>>;
  readonly globals: GlobalValues;
}

/** What bind needs of a command: its name for messages and its declaration. */
export interface Declared {
  readonly path: string;
  readonly args?: Params | undefined;
  readonly flags?: Params | undefined;
}

export const declared = (path: string, command: Command<any, any>): Declared =>
  ({ path, args: command.args, flags: command.flags });

const usage = (command: Declared, message: string, word?: Word, hint?: string): PactError =>
  new PactError("usage", `${command.path}: ${message}`, {
    span: word === undefined ? undefined : { start: word.start, end: word.end },
    hint: hint ?? `pact help ${command.path}`,
  });

function parse(command: Declared, name: string, param: Param<any>, word: Word): unknown {
  try {
    return param.kind.parse(word.text);
  } catch (error) {
    const close = nearest(word.text, param.kind.choices ?? []);
    const hint = close.length > 0 ? `did you mean ${close.join(", ")}?` : undefined;
    throw usage(command, `${name} needs ${error instanceof Error ? error.message : String(error)}`, word, hint);
  }
}

/** One flag's value from `--name=value`, `-nVALUE` or the next word; how many words it took. */
function takeValue(command: Declared, name: string, param: Param<any>, inline: Word | undefined, next: Word | undefined) {
  if (inline !== undefined) return { value: parse(command, name, param, inline), took: 1 };
  if (next === undefined || (next.text === "--" && !next.quoted)) {
    throw usage(command, `${name} needs a value: ${name} ${param.kind.placeholder}`);
  }
  return { value: parse(command, name, param, next), took: 2 };
}

const tables = new WeakMap<Params, ReturnType<typeof flagTable>>();

/** The flags of a command and those of every command; declarations do not change. */
function tableOf(flags: Params | undefined): typeof GLOBAL_FLAGS {
  if (flags === undefined) return GLOBAL_FLAGS;
  const table = tables.get(flags) ?? flagTable({ ...GLOBALS, ...flags });
  tables.set(flags, table);
  return table;
}

/** Splits words into flags and the rest; `dashes` is where ` -- ` stood among the rest. */
function readFlags(command: Declared, words: readonly Word[]) {
  const table = tableOf(command.flags);
  const values = new Map<string, unknown>();
  const positional: Word[] = [];
  let dashes: number | undefined;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as Word;
    if (word.text === "--") {
      dashes = positional.length;
      positional.push(...words.slice(at + 1));
      break;
    }
    if (!/^-[^-]|^--./.test(word.text) || /^-\d+$/.test(word.text)) {
      positional.push(word);
      continue;
    }
    const { name, inline } = splitFlag(word, table);
    const known = table.get(name);
    if (known === undefined) throw unknownFlag(command, name, word, table, words);
    const { key, param } = known;
    if (param.takes === "switch") {
      if (inline !== undefined) throw usage(command, `${name} takes no value`, word);
      values.set(key, key === "verbose" ? Number(values.get(key) ?? 0) + (word.text.startsWith("--") ? 1 : word.text.length - 1) : true);
      continue;
    }
    const { value, took } = takeValue(command, name, param, inline, words[at + 1]);
    values.set(key, value);
    at += took - 1;
  }
  return { values, positional, dashes };
}

function splitFlag(word: Word, table: ReadonlyMap<string, { param: Param<any> }>): { name: string; inline: Word | undefined } {
  const { text } = word;
  if (text.startsWith("--")) {
    const equals = text.indexOf("=");
    if (equals < 0) return { name: text, inline: undefined };
    return { name: text.slice(0, equals), inline: { ...word, text: text.slice(equals + 1), start: word.start + equals + 1 } };
  }
  const name = text.slice(0, 2);
  if (text.length === 2) return { name, inline: undefined };
  // `-vv` repeats a switch; `-n5` carries a value.
  if (table.get(name)?.param.takes === "switch" && /^-(.)\1+$/.test(text)) return { name, inline: undefined };
  return { name, inline: { ...word, text: text.slice(2).replace(/^=/, ""), start: word.start + 2 } };
}

function unknownFlag(command: Declared, name: string, word: Word, table: ReadonlyMap<string, unknown>, words: readonly Word[]): PactError {
  if (hasRemote(command) && !words.some(({ text }) => text === "--")) {
    return usage(command, `the remote command stands after --`, word, `pact ${usageLine(command)}`);
  }
  const close = nearest(name, [...table.keys()].filter((known) => known.startsWith("--")));
  return usage(command, `unknown flag ${name}`, word, close.length > 0 ? `did you mean ${close.join(", ")}?` : undefined);
}

/** Binds positional words to the declared arguments. */
function readArgs(command: Declared, positional: readonly Word[], dashes: number | undefined): Record<string, unknown> {
  const args: Record<string, unknown> = {};
  let at = 0;
  for (const [key, param] of Object.entries(command.args ?? {})) {
    const name = dashed(key).toUpperCase();
    if (param.takes === "rest") {
      const remaining = positional.slice(at);
      if (param.kind.name === "remote" && dashes !== at) {
        throw usage(command, `the remote command stands after --`, remaining[0], `pact ${command.path} NODE -- CMD [ARG …]`);
      }
      if (param.kind.name === "remote" && remaining.length === 0) throw usage(command, "a command is missing after --");
      args[key] = remaining.map((word) => parse(command, name, param, word));
      at = positional.length;
      continue;
    }
    const word = dashes !== undefined && at >= dashes && hasRemote(command) ? undefined : positional[at];
    if (word === undefined) {
      if (param.takes === "one") throw usage(command, `${name} is missing: ${param.help}`);
      args[key] = param.fallback;
      continue;
    }
    args[key] = parse(command, name, param, word);
    at++;
  }
  const extra = positional[at];
  if (extra !== undefined) throw usage(command, `unexpected word ${JSON.stringify(extra.text)}`, extra);
  return args;
}

const hasRemote = (command: Declared): boolean =>
  Object.values(command.args ?? {}).some((param) => param.kind.name === "remote");

/** Typed arguments and flags of one line; throws usage. With `--help` given, arguments are not required. */
export function bind(command: Declared, words: readonly Word[]): Bound {
  const { values, positional, dashes } = readFlags(command, words);
  const own = command.flags ?? {};
  const flags: Record<string, unknown> = {};
  const globals: Record<string, unknown> = {};
  for (const [key, value] of values) (key in own ? flags : globals)[key] = value;
  if (globals["help"] === true) return { args: {}, flags, globals };
  for (const [key, param] of Object.entries(own)) {
    if (key in flags) continue;
    if (param.required === true) {
      throw usage(command, `--${dashed(key)} is missing: ${param.help}`, undefined, `pact ${usageLine(command)}`);
    }
    flags[key] = param.fallback;
  }
  return { args: readArgs(command, positional, dashes), flags, globals };
}

/** `exec NODE -- CMD …`, as help and errors show it. */
export function usageLine(command: Declared): string {
  const words = [command.path];
  for (const [key, param] of Object.entries(command.flags ?? {})) {
    if (param.required !== true) continue;
    words.push(`${param.short === undefined ? `--${dashed(key)}` : `-${param.short}`} ${param.kind.placeholder}`);
  }
  for (const [key, param] of Object.entries(command.args ?? {})) {
    const name = dashed(key).toUpperCase();
    if (param.takes === "one") words.push(name);
    else if (param.takes === "optional") words.push(`[${name}]`);
    else words.push(param.kind.name === "remote" ? "-- CMD [ARG …]" : `[${name} …]`);
  }
  if (Object.values(command.flags ?? {}).some((param) => param.required !== true)) words.push("[FLAGS]");
  return words.join(" ");
}
