// A word as typed: its text, where it stood, and whether quotes made it.

export interface Word {
  readonly text: string;
  /** Offsets into the line; for argv, into the words joined by blanks. */
  readonly start: number;
  readonly end: number;
  /** Quoted words are never operators. */
  readonly quoted: boolean;
}

/** Words from an argument vector, with spans as if they had been typed with single blanks. */
export function wordsFromArgv(argv: readonly string[]): Word[] {
  let at = 0;
  return argv.map((text) => {
    const word = { text, start: at, end: at + text.length, quoted: false };
    at = word.end + 1;
    return word;
  });
}
