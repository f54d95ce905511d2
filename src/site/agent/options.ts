// The words that are looked for in a command's options, the way getopt reads them.

export interface Options {
  /** Letters of the short options, in order. */
  readonly shorts: readonly string[];
  /** Names of the long options without dashes and value, as typed (maybe abbreviated). */
  readonly longs: readonly string[];
  readonly operands: readonly string[];
  /** Value of a short option, as given last. */
  readonly values: ReadonlyMap<string, string>;
}

/**
 * Splits arguments as getopt_long does. `withValue`: the short letters that take a
 * value; `longWithValue`: the long names that take it as the next argument.
 */
export function optionsOf(args: readonly string[], withValue = "", longWithValue: readonly string[] = []): Options {
  const shorts: string[] = [];
  const longs: string[] = [];
  const operands: string[] = [];
  const values = new Map<string, string>();
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (arg === "--") {
      operands.push(...args.slice(at + 1));
      break;
    }
    if (arg.startsWith("--")) {
      const [name = ""] = arg.slice(2).split("=", 1);
      longs.push(name);
      if (!arg.includes("=") && longWithValue.includes(name)) at += 1;
    } else if (arg.startsWith("-") && arg.length > 1) {
      for (let i = 1; i < arg.length; i++) {
        const letter = arg[i] ?? "";
        shorts.push(letter);
        if (!withValue.includes(letter)) continue;
        const rest = arg.slice(i + 1);
        if (rest === "") at += 1;
        values.set(letter, rest === "" ? args[at] ?? "" : rest);
        break;
      }
    } else {
      operands.push(arg);
    }
  }
  return { shorts, longs, operands, values };
}

/** The first forbidden option used; getopt takes any unambiguous beginning of a long name, so beginnings count. */
export function forbiddenOption(options: Options, letters: string, names: readonly string[]): string | undefined {
  const short = options.shorts.find((letter) => letters.includes(letter));
  if (short !== undefined) return `-${short}`;
  const long = options.longs.find((typed) => typed !== "" && names.some((name) => name.startsWith(typed)));
  return long === undefined ? undefined : `--${long}`;
}

/** Whether one of these options was used, abbreviated or not. */
export function usesOption(options: Options, letters: string, names: readonly string[]): boolean {
  return forbiddenOption(options, letters, names) !== undefined;
}
