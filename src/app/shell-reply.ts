// What a script of `pact completion` gets to hear: one line saying what the word may become, then a
// candidate a line. It is data for the shell's completion, never evaluated, and holds no control characters.
//   words    whole words            parts    beginnings: no blank belongs behind them
//   files    the shell lists files  folders  the shell lists folders
import { type Candidate, type Completion, goesOn } from "../core/complete.ts";
import { lex } from "../core/lexer.ts";
import { visible } from "../render/visible.ts";

export interface BashWord {
  /** The line up to the cursor, and where in it the word being typed begins. */
  readonly line: string;
  readonly start: number;
  /** What bash takes for the word: COMP_WORDBREAKS may cut `node:a` and `--output=a`. */
  readonly word: string;
  /** Width of the screen when bash only lists, which is when notes may stand beside the words; 0 otherwise. */
  readonly columns: number;
}

/** Longer lists are shown by bash in columns, after a question. */
const MOST_NOTED = 100;

/** Text that could steer a terminal, or end a line of the answer, is not offered. */
const harmless = ({ text }: Candidate): boolean => text !== "" && visible(text) === text;

function reply({ candidates, files }: Completion, lineOf: (candidate: Candidate) => string): string {
  if (candidates.length === 0) return files === undefined ? "" : `${files}\n`;
  const kind = candidates.every(({ text }) => goesOn(text)) ? "parts" : "words";
  return `${[kind, ...candidates.map(lineOf)].join("\n")}\n`;
}

const harmlessOf = (completion: Completion): Completion => ({ ...completion, candidates: completion.candidates.filter(harmless) });

/** As `_describe` reads it: `\` and `:` escaped, the note behind a `:`. */
export const zshReply = (completion: Completion): string =>
  reply(harmlessOf(completion), ({ text, note }) => text.replace(/[\\:]/g, "\\$&") + (note === undefined ? "" : `:${visible(note)}`));

/** The note behind a tab. */
export const fishReply = (completion: Completion): string =>
  reply(harmlessOf(completion), ({ text, note }) => (note === undefined ? text : `${text}\t${visible(note)}`));

/** The rest of a word as bash must find it in the line, inside the quote that is open there. */
function bashQuoted(text: string, quote: string | undefined): string {
  if (quote === "single quote") return text.replaceAll("'", "'\\''");
  if (quote === "double quote") return text.replace(/["\\$`]/g, "\\$&");
  return text.replace(/[^A-Za-z0-9_@%+=:,./\u0080-\u{10ffff}-]/gu, "\\$&");
}

/** Words quoted for bash and without what stands before bash's own word; notes when it only lists. */
export function bashReply(completion: Completion, partial: string, { line, start, word, columns }: BashWord): string {
  const { candidates, ...rest } = harmlessOf(completion);
  const raw = line.slice(start);
  const head = raw.endsWith(word) ? raw.slice(0, raw.length - word.length) : "";
  const { tokens: [first], unfinished } = lex(head);
  const before = first?.kind === "word" ? first.text : "";
  // Bash would put what several have in common in place of the word, though it is not what was typed.
  const prefixed = candidates.filter(({ text }) => text.startsWith(partial));
  const offered = (prefixed.length > 0 || candidates.length > 1 ? prefixed : candidates)
    .filter(({ text }) => text.startsWith(before) && text.length > before.length)
    .map((candidate) => ({ ...candidate, text: bashQuoted(candidate.text.slice(before.length), unfinished?.what) }));
  const width = Math.max(0, ...offered.map(({ text }) => text.length));
  const noted = columns > 0 && offered.length > 1 && offered.length <= MOST_NOTED;
  return reply({ candidates: offered, ...rest }, ({ text, note }) =>
    (noted && note !== undefined ? `${text.padEnd(width)}  (${visible(note)})`.slice(0, Math.max(text.length, columns - 3)) : text));
}
