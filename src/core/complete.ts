// A line and a cursor → candidates, from the same declarations that bind reads.
// Everything comes from memory: the network is never on this path.
import type { Command, Param } from "../api/index.ts";
import { GLOBALS, flagTable } from "./globals.ts";
import type { Registered, Registry } from "./registry.ts";
import { wordsFromArgv } from "./word.ts";

export interface Candidate {
  readonly text: string;
  readonly note?: string;
}

/** What is known of the cluster at the moment, by kind of word. */
export interface Known {
  readonly node: readonly Candidate[];
  readonly vcluster: readonly Candidate[];
  readonly remote: readonly Candidate[];
  readonly seq: readonly Candidate[];
}

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

function ofKind(param: Param<any>, known: Known): readonly Candidate[] {
  if (param.kind.choices !== undefined) return param.kind.choices.map((text) => ({ text }));
  return known[param.kind.name as keyof Known] ?? [];
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

function flagCandidates(command: Command<any, any>, given: ReadonlySet<string>): Candidate[] {
  const own = [...flagTable(command.flags ?? {})];
  const global = [...flagTable(GLOBALS)].filter(([name]) => !own.some(([other]) => other === name));
  return [...own, ...global]
    .filter(([name]) => name.startsWith("--") && !given.has(name))
    .map(([text, { param }]) => ({ text, note: param.help }));
}

/** Candidates inside a command's own words. */
function argumentCandidates(command: Command<any, any>, rest: readonly string[], partial: string, known: Known): readonly Candidate[] {
  const table = flagTable({ ...GLOBALS, ...command.flags });
  const last = rest.at(-1);
  const dashes = rest.indexOf("--");
  const waiting = dashes < 0 && last !== undefined ? table.get(last) : undefined;
  if (waiting !== undefined && waiting.param.takes !== "switch") return ofKind(waiting.param, known);
  if (dashes < 0 && partial.startsWith("-")) return flagCandidates(command, new Set(rest));
  const positional: string[] = [];
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at] as string;
    if (word === "--" && dashes === at) continue;
    if (word.startsWith("-") && (dashes < 0 || at < dashes)) {
      const flag = table.get(word.split("=", 1)[0] ?? "");
      if (flag !== undefined && flag.param.takes !== "switch" && !word.includes("=")) at++;
      continue;
    }
    positional.push(word);
  }
  const params: Param<any>[] = Object.values(command.args ?? {});
  const param = params[Math.min(positional.length, params.length - 1)];
  if (param === undefined || (positional.length >= params.length && param.takes !== "rest")) return [];
  if (param.kind.name === "remote" && dashes < 0) return [{ text: "--", note: "then the command" }];
  if (param.kind.name === "remote" && positional.length >= params.length) return [];
  return ofKind(param, known);
}

/** Candidates for the word `partial`, which follows the words `before`. */
export async function complete(before: readonly string[], partial: string, registry: Registry, known: Known, interactive: boolean): Promise<readonly Candidate[]> {
  const found = registry.find(wordsFromArgv(before));
  const below = commandWords(registry, before, interactive);
  if (found === undefined || (found.rest.length === 0 && below.length > 0)) {
    const globals = partial.startsWith("-") ? [...flagTable(GLOBALS)].filter(([name]) => name.startsWith("--")).map(([text, { param }]) => ({ text, note: param.help })) : [];
    return startingWith([...below, ...globals], partial);
  }
  if (found.command.path === "help") {
    const topics = before.length === 1 ? [{ text: "flags", note: "flags of every command" }, { text: "exit-codes", note: "exit codes" }] : [];
    return startingWith([...commandWords(registry, before.slice(1), interactive), ...topics], partial);
  }
  const { default: command } = await (found.command as Registered).entry.load();
  return startingWith(argumentCandidates(command, found.rest.map(({ text }) => text), partial, known), partial);
}
