// TOML that somebody else wrote: parsed within bounds, and complained about in one line.
import { parse, TomlError } from "smol-toml";

/** How deep tables and arrays may be nested. */
const MOST_DEPTH = 16;

export type Table = Readonly<Record<string, unknown>>;

export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Throws an Error that says the line and what is wrong there. */
export function readToml(text: string): Table {
  try {
    return parse(text, { maxDepth: MOST_DEPTH });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The rest of the parser's message is a drawing of the place.
    const [first = ""] = error.message.split("\n");
    throw new Error(`line ${error.line}: ${first.replace(/^Invalid TOML document: /, "")}`);
  }
}
