// A line and a cursor → candidates, from the same declarations that bind reads.
// Everything comes from memory: the network is never on this path.
import type { Command, Param } from "../api/index.ts";
import { GLOBALS, GLOBAL_FLAGS, flagTable } from "./globals.ts";
import type { Registry } from "./registry.ts";
import { wordsFromArgv } from "./word.ts";

export interface Candidate {
  readonly text: string;
  readonly note?: string;
}

/** What is known of the cluster and the session at the moment, by kind of word. */
export interface Known {
  readonly node: readonly Candidate[];
  readonly vcluster: readonly Candidate[];
  readonly remote: readonly Candidate[];
  readonly seq: readonly Candidate[];
  /** What `set` takes: settings, and for each the values worth offering. */
  readonly settings: ReadonlyMap<string, readonly Candidate[]>;
}

export const NOTHING_KNOWN: Known = { node: [], vcluster: [], remote: [], seq: [], settings: new Map() };

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** The word names a file or a folder of this machine: whoever asked lists those itself. */
  readonly files?: "files" | "folders";
}

type FlagTable = typeof GLOBAL_FLAGS;

const NOTHING: Completion = { candidates: [] };

/** Behind these a word goes on: paths, `--flag=`, scopes, node sets. */
const GOES_ON = /[/=,:[(@]$/;

/** Whether more of the same word is to come, so that no blank belongs behind it. */
export const goesOn = (text: string): boolean => GOES_ON.test(text);

const startingWith = (candidates: readonly Candidate[], partial: string): Candidate[] => {
  const prefixed = candidates.filter(({ text }) => text.startsWith(partial));
  if (prefixed.length > 0 || partial === "") return prefixed;
  return candidates.filter(({ text }) => isSubsequence(partial.toLowerCase(), text.toLowerCase()));
};

function isSubsequence(part: string, whole: string): boolean {
  let at = 0;
  for (const char of whole) if (char === part[at]) at++;
  return at === part.length;
}

/** `global`, `node:` and `vc:` first; the names once it is said which ones. */
function scopes(known: Known, partial: string): readonly Candidate[] {
  for (const [prefix, names] of [["node:", known.node], ["vc:", known.vcluster]] as const) {
    if (partial.startsWith(prefix)) return names.map((name) => ({ ...name, text: prefix + name.text }));
  }
  return [{ text: "global", note: "entries of no vCluster" }, { text: "node:", note: "one node" }, { text: "vc:", note: "a vCluster" }];
}

/** Candidates for a value of a parameter; `previous` is the argument before it. */
function ofKind({ kind }: Param<any>, known: Known, partial: string, previous?: string): Completion {
  if (kind.choices !== undefined) return { candidates: kind.choices.map((text) => ({ text })) };
  switch (kind.name) {
    case "file": return { candidates: [], files: "files" };
    case "path": return { candidates: [], files: "folders" };
    case "scope": return { candidates: scopes(known, partial) };
    case "setting": return { candidates: [...known.settings.keys()].map((text) => ({ text })) };
    case "settingValue": return { candidates: known.settings.get(previous ?? "") ?? [] };
    case "node": case "vcluster": case "remote": case "seq": return { candidates: known[kind.name] };
    default: return NOTHING;
  }
}

/** The next word of every command whose path begins with the words typed. */
function commandWords(registry: Registry, typed: readonly string[], interactive: boolean): Candidate[] {
  const found = new Map<string, Candidate>();
  for (const { path, entry } of registry.all()) {
    if (entry.shellOnly === true && !interactive) continue;
    const words = path.split(" ");
    const next = words[typed.length];
    if (next === undefined || typed.some((word, at) => words[at] !== word)) continue;
    const whole = words.length === typed.length + 1;
    if (!found.has(next) || whole) found.set(next, whole ? { text: next, note: entry.summary } : { text: next });
  }
  return [...found.values()];
}

/** What the words before the cursor are to a command with these flags. */
interface Read {
  readonly positional: readonly string[];
  /** Flags given, by key. */
  readonly given: ReadonlySet<string>;
  /** The flag whose value the cursor's word is. */
  readonly waiting: Param<any> | undefined;
  readonly dashes: boolean;
}

function read(words: readonly string[], table: FlagTable): Read {
  const positional: string[] = [];
  const given = new Set<string>();
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--") return { positional: [...positional, ...words.slice(at + 1)], given, waiting: undefined, dashes: true };
    if (!word.startsWith("-") || word === "-") {
      positional.push(word);
      continue;
    }
    const flag = table.get(word.split("=", 1)[0] ?? "");
    if (flag === undefined) continue;
    given.add(flag.key);
    if (flag.param.takes === "switch" || word.includes("=")) continue;
    if (at === words.length - 1) return { positional, given, waiting: flag.param, dashes: false };
    at++;
  }
  return { positional, given, waiting: undefined, dashes: false };
}

/** For a word that begins with a dash: flags not given yet, or after `--flag=` its values. */
function flags(table: FlagTable, given: ReadonlySet<string>, partial: string, known: Known): Completion {
  const [, name = "", value = ""] = /^(--[^=]+)=(.*)$/s.exec(partial) ?? [];
  if (name !== "") {
    const flag = table.get(name);
    if (flag === undefined || flag.param.takes === "switch") return NOTHING;
    const { candidates, ...files } = ofKind(flag.param, known, value);
    return { candidates: candidates.map((candidate) => ({ ...candidate, text: `${name}=${candidate.text}` })), ...files };
  }
  return {
    candidates: [...table]
      .filter(([text, { key }]) => text.startsWith("--") && (!given.has(key) || key === "verbose"))
      .map(([text, { param }]) => ({ text, note: param.help })),
  };
}

/** Candidates inside a command's own words. */
function argument(command: Command<any, any>, words: readonly string[], partial: string, known: Known): Completion {
  // Its own flags first.
  const table = flagTable({ ...command.flags, ...GLOBALS, ...command.flags });
  const { positional, given, waiting, dashes } = read(words, table);
  if (waiting !== undefined) return ofKind(waiting, known, partial);
  if (!dashes && partial.startsWith("-")) return flags(table, given, partial, known);
  const params: Param<any>[] = Object.values(command.args ?? {});
  const param = params[Math.min(positional.length, params.length - 1)];
  if (param === undefined || (positional.length >= params.length && param.takes !== "rest")) return NOTHING;
  if (param.kind.name === "remote" && !dashes) return { candidates: [{ text: "--", note: "then the command" }] };
  // Behind the command's name come its own arguments, and what those are only the node knows.
  if (param.kind.name === "remote" && positional.length >= params.length) return NOTHING;
  return ofKind(param, known, partial, positional.at(-1));
}

async function candidatesFor(before: readonly string[], partial: string, registry: Registry, known: Known, interactive: boolean): Promise<Completion> {
  const found = registry.find(wordsFromArgv(before));
  const { positional: typed, given, waiting, dashes } = read(before, GLOBAL_FLAGS);
  const below = commandWords(registry, typed, interactive);
  if (found === undefined || (below.length > 0 && typed.join(" ") === found.command.path)) {
    if (dashes) return NOTHING;
    if (waiting !== undefined) return ofKind(waiting, known, partial);
    return partial.startsWith("-") ? flags(GLOBAL_FLAGS, given, partial, known) : { candidates: below };
  }
  const { path, entry } = found.command;
  if (entry.shellOnly === true && !interactive) return NOTHING;
  if (path === "help" && !partial.startsWith("-") && waiting === undefined) {
    const topics = typed.length === 1 ? [{ text: "flags", note: "flags of every command" }, { text: "exit-codes", note: "exit codes" }] : [];
    return { candidates: [...commandWords(registry, typed.slice(1), interactive), ...topics] };
  }
  const { default: command } = await entry.load();
  return argument(command, found.rest.map(({ text }) => text), partial, known);
}

/** What the word `partial`, which follows the words `before`, may become. */
export async function complete(before: readonly string[], partial: string, registry: Registry, known: Known, interactive: boolean): Promise<Completion> {
  const { candidates, ...files } = await candidatesFor(before, partial, registry, known, interactive);
  return { candidates: startingWith(candidates, partial), ...files };
}
