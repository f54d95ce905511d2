// Did you mean: the nearest of the words that exist. Never run, only shown.

/** Edits (insert, delete, replace, swap) between two short words. */
function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...new Array<number>(b.length).fill(0)]);
  for (let j = 0; j <= b.length; j++) (rows[0] as number[])[j] = j;
  const at = (i: number, j: number): number => (rows[i] as number[])[j] as number;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, at(i - 2, j - 2) + 1);
      (rows[i] as number[])[j] = best;
    }
  }
  return at(a.length, b.length);
}

const LONGEST = 64;

/** Up to three of `known`, nearest first: prefixes, then words within a third of their length in edits. */
export function nearest(word: string, known: readonly string[]): readonly string[] {
  const typed = word.toLowerCase();
  if (typed === "" || typed.length > LONGEST) return [];
  const scored: { text: string; score: number }[] = [];
  for (const text of known) {
    if (text.length > LONGEST) continue;
    const other = text.toLowerCase();
    const limit = Math.max(1, Math.floor(Math.max(typed.length, other.length) / 3));
    const edits = distance(typed, other);
    if (typed.length > 1 && other.startsWith(typed)) scored.push({ text, score: 0 });
    else if (edits <= limit) scored.push({ text, score: edits });
  }
  scored.sort((a, b) => a.score - b.score || a.text.localeCompare(b.text));
  return scored.slice(0, 3).map(({ text }) => text);
}
