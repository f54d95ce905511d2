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

/** Options of ps: clusters that end in a letter whose value is the next word, of either style. */
const PS_VALUE_NEXT = /^-[AadefFHjlLMmNPTVwyZc]*[oOCpquUgGstk]$|^[acfghjlmnrsuvwxALHSTXZV]*[oOpktUq]$|^--(?:sort|format|pid|ppid|user|User|group|Group|tty|sid|cols|rows|quick-pid)$/;
/** Values of these mean nothing in the BSD style, where they would be read as more options. */
const PS_VALUE_SYSV = /^-[A-Za-z]*[CuUgGs]$/;
/** Beginnings that show the environment when read as BSD options. */
const PS_BSD_ENVIRONMENT = /^[acfghjlmnrsuvwxALHSTXZV]*[eE]/;

/**
 * Environments hold secrets. BSD `e` and the column `environ` show them; and a command line that
 * ps cannot read it reads again in the BSD style, dashes or not: there `-ef` is `ef`, and the user
 * of `-u auxe` is four options. So `-e` goes to it as `-A`, which means the same and exists in one style only.
 */
export const psRule: ArgumentRule = (args) => {
  const told: string[] = [];
  let before = "";
  for (const arg of args) {
    const isValue = PS_VALUE_NEXT.test(before) && !arg.startsWith("-");
    before = isValue ? "" : arg;
    const cluster = /^-([AadefFHjlLMmNPTVwyZc]*)(?:([oOCpquUgGstk])(.*))?$/s.exec(arg);
    if (/environ/i.test(arg) || (isValue ? PS_VALUE_SYSV.test(told.at(-1) ?? "") && readsAsEnvironment(arg) : showsEnvironment(arg, cluster))) {
      return refuse("showing the environment of processes is not allowed");
    }
    told.push(cluster === null || isValue ? arg : arg.replace(/^-[^oOCpquUgGstk]*/, (flags) => flags.replaceAll("e", "A")));
  }
  return { kind: "read", args: told };
};

/** A name such as root or node is none: what follows `o`, `k`, `p` … would be a value that is not one. */
const readsAsEnvironment = (word: string): boolean => PS_BSD_ENVIRONMENT.test(word);

function showsEnvironment(arg: string, cluster: RegExpExecArray | null): boolean {
  if (arg.startsWith("--")) return false;
  if (!arg.startsWith("-")) return PS_BSD_ENVIRONMENT.test(arg) || (/^[A-Za-z]*e/.test(arg) && !/[oOptkUq]/.test(arg));
  // Not of the one style, so read in the other: `-auxe`.
  if (cluster === null) return arg.includes("e");
  return "CuUgGs".includes(cluster[2] ?? "-") && readsAsEnvironment(cluster[3] ?? "");
}

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
