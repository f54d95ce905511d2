// Argument rules of the commands that read files: no lists of other files, no helpers started, no writing.
import { forbiddenOption, optionsOf } from "./options.ts";
import { READ, refuse, type ArgumentRule } from "./verdict.ts";

/** Everything is allowed but some options; `values`: short letters that take a value. */
export function without(letters: string, names: readonly string[], values = "", longValues: readonly string[] = []): ArgumentRule {
  return (args) => {
    const bad = forbiddenOption(optionsOf(args, values, longValues), letters, names);
    return bad === undefined ? READ : refuse(`option ${bad} is not allowed`);
  };
}

export const anyArguments: ArgumentRule = () => READ;

const GREP_LONG_VALUES: readonly string[] = ["regexp", "max-count", "context", "after-context", "before-context", "label"];

/** -f reads patterns from another file, whose lines would come back as messages. */
export const grepRule = without("f", ["file"], "efmABCdD", GREP_LONG_VALUES);

/** -l pipes through a program; the others read names or patterns from files. */
export const diffRule = without("lX", ["paginate", "exclude-from", "from-file", "to-file"], "UCIxXFLSDW");

/** -C compiles a database (writes), -m and -f read other files, -z starts decompressors, -p writes access times. */
export const fileRule = without("CmfzZpS", ["compile", "magic-file", "files-from", "uncompress", "uncompress-noreport", "preserve-date", "no-sandbox"], "eFmfP");

/** Reads the names of files from a file. */
export const wcRule = without("", ["files0-from"]);

/** Writes the time stamps of the machine, or reads the log of another. */
export const dmesgRule = without("CcDEnFK", ["clear", "read-clear", "console-off", "console-on", "console-level", "file", "kmsg-file"], "fFKlns");

export const lsblkRule = without("", ["sysroot"]);
export const lscpuRule = without("s", ["sysroot"], "s");

/** Direct access to the hardware, other databases, questions to name servers. */
export const lspciRule = without("HAOMipFqQG", [], "ipFHsdAO");

/** BSD `e` shows the environment of processes, where secrets are. */
export const psRule: ArgumentRule = (args) => {
  let value = false;
  for (const arg of args) {
    if (!value && !arg.startsWith("-") && /^[A-Za-z]*e[A-Za-z]*$/.test(arg)) return refuse("showing the environment of processes is not allowed");
    value = !value && (/^-[A-Za-z]*[oOCpquUgGstkN]$/.test(arg) || /^[A-Za-z]*[oOpkt]$/.test(arg) || /^--(sort|format|pid|ppid|user|group|tty|sid|cols|rows)$/.test(arg));
  }
  return READ;
};

/**
 * Whether the command reads what is below the folders it is given: "given", or
 * "all" when no folder was named and it starts where it runs, in the node's root.
 */
export function readsBelow(command: string, args: readonly string[]): "given" | "all" | undefined {
  if (command === "diff") return "given";
  if (command !== "grep") return undefined;
  const { shorts, longs, values, operands } = optionsOf(args, "efmABCdD", GREP_LONG_VALUES);
  const recursive =
    shorts.some((letter) => letter === "r" || letter === "R" || letter === "d") ||
    longs.some((typed) => typed !== "" && ["recursive", "dereference-recursive", "directories"].some((name) => name.startsWith(typed)));
  if (!recursive) return undefined;
  const patternGiven = values.has("e") || longs.some((typed) => typed !== "" && "regexp".startsWith(typed));
  return operands.length > (patternGiven ? 0 : 1) ? "given" : "all";
}

/** The words that are what to look for, not where. */
export function patternsOf(command: string, args: readonly string[]): ReadonlySet<string> {
  if (command !== "grep") return new Set();
  const { longs, values, operands } = optionsOf(args, "efmABCdD", GREP_LONG_VALUES);
  const given = values.has("e") || longs.some((typed) => typed !== "" && "regexp".startsWith(typed));
  const [first] = operands;
  // A word that is also named as a place counts as a place.
  return new Set(given || first === undefined || operands.lastIndexOf(first) > 0 ? [] : [first]);
}
