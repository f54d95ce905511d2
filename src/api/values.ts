// The kinds of words commands take. `parse` only looks at the text: whether a
// node exists is the server's to say.
import { ID_PATTERN, type Scope } from "./domain.ts";
import type { Kind } from "./params.ts";

const quote = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

export const text: Kind<string> = { name: "text", placeholder: "TEXT", parse: (word) => word };

export const message: Kind<string> = {
  name: "message",
  placeholder: "MESSAGE",
  parse(word) {
    if (word.trim() === "") throw new Error("a text that is not blank");
    return word;
  },
};

const id = (name: string, placeholder: string, what: string): Kind<string> => ({
  name,
  placeholder,
  parse(word) {
    if (!ID_PATTERN.test(word)) throw new Error(`${what} (letters, digits, ".", "_" and "-"), got ${quote(word)}`);
    return word;
  },
});

export const node = id("node", "NODE", "a node id");
export const vcluster = id("vcluster", "NAME", "a vCluster name");
/** An approval's id, or its first characters. */
export const approval = id("approval", "ID", "an approval's id");
export const user = id("user", "USER", "a user name");

/** A whole number of at least `least`. */
export const count = (least: number, most = Number.MAX_SAFE_INTEGER): Kind<number> => ({
  name: "count",
  placeholder: "N",
  parse(word) {
    const value = /^\d{1,16}$/.test(word) ? Number(word) : Number.NaN;
    if (!(value >= least && value <= most)) {
      const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
      throw new Error(`a whole number ${range}, got ${quote(word)}`);
    }
    return value;
  },
});

export const seq: Kind<number> = { ...count(0), name: "seq", placeholder: "SEQ" };
export const file: Kind<string> = { name: "file", placeholder: "FILE", parse: (word) => word };
export const path: Kind<string> = { name: "path", placeholder: "DIR", parse: (word) => word };
export const url: Kind<string> = { name: "url", placeholder: "URL", parse: (word) => word };
export const secret: Kind<string> = { name: "secret", placeholder: "SECRET", secret: true, parse: (word) => word };
/** A command of pact, for `help`. */
export const commandWord: Kind<string> = { name: "command", placeholder: "COMMAND", parse: (word) => word };
/** A word of a command that runs on a node. */
export const remoteWord: Kind<string> = { name: "remote", placeholder: "CMD", parse: (word) => word };

export const choice = <const C extends string>(placeholder: string, ...choices: readonly C[]): Kind<C> => ({
  name: "choice",
  placeholder,
  choices,
  parse(word) {
    const found = choices.find((candidate) => candidate === word);
    if (found === undefined) throw new Error(`one of ${choices.join(", ")}, got ${quote(word)}`);
    return found;
  },
});

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
/** A duration such as 90s, 15m, 4h or 2d, in seconds. A bare number is seconds. */
export const duration: Kind<number> = {
  name: "duration",
  placeholder: "DUR",
  parse(word) {
    const parts = /^(\d{1,9}(?:\.\d{1,3})?)([smhd]?)$/.exec(word);
    const unit = UNITS[parts?.[2] || "s"];
    if (parts?.[1] === undefined || unit === undefined) throw new Error(`a duration such as 90s, 15m or 4h, got ${quote(word)}`);
    return Number(parts[1]) * unit;
  },
};

/** `global`, `vc:NAME` or `node:ID`. */
export const scopeFilter: Kind<Scope> = {
  name: "scope",
  placeholder: "SCOPE",
  parse(word) {
    if (word === "global") return { kind: "global" };
    const parts = /^(node|vc):(.+)$/.exec(word);
    if (parts?.[2] === undefined || !ID_PATTERN.test(parts[2])) {
      throw new Error(`node:ID, vc:NAME or global, got ${quote(word)}`);
    }
    return { kind: parts[1] === "node" ? "node" : "vcluster", name: parts[2] };
  },
};
