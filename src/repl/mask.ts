// Secrets in a typed line, replaced before the line reaches a disk or a listing. The second
// line of defence: the first is that no secret needs to be typed.
import { lex } from "../core/lexer.ts";

const MASK = "***";
const SECRET_FLAG = /^--?(?:[a-z0-9-]*-)?(?:token|secret|password|passwd|passphrase|api-?key)$/i;
const SECRET_NAME = /(?:token|secret|password|passwd|passphrase|api_?key)$/i;
const JWT = /\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?/g;
/** Bearer credentials anywhere, if they look like some and not like prose. */
const BEARER = /\b(bearer\s+)(?!\*\*\*)(?=[^\s"']*[\d._-]|[^\s"']{16})[^\s"']+/gi;
/** What a header carries, up to the quotes around it or the end of the word. */
const AUTHORIZATION = /\b((?:proxy-)?authorization\s*[:=]\s*(?:(?:bearer|basic|negotiate|digest)\s+)?)(?!\*\*\*)[^\s"']+/gi;
const URL_PASSWORD = /\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@"']*):[^\s/"']+@/gi;
/** Where secrets may be named without being told: `-` is stdin, `@FILE` a file. */
const NOT_A_SECRET = /^(?:-|@.*|)$/;

interface Cut {
  readonly start: number;
  readonly end: number;
}

/** Places of values behind flags and names: `--token X`, `--token=X`, `PACT_TOKEN=X`, `set token X`. */
function namedValues(line: string): Cut[] {
  const words = lex(line).tokens.filter((token) => token.kind === "word");
  const cuts: Cut[] = [];
  words.forEach((word, at) => {
    const equals = word.text.indexOf("=");
    const name = equals < 0 ? word.text : word.text.slice(0, equals);
    const flag = SECRET_FLAG.test(name);
    const assigned = equals > 0 && SECRET_NAME.test(name);
    if (equals > 0 && (flag || assigned)) {
      const from = line.indexOf("=", word.start) + 1;
      if (from > word.start && from < word.end && !NOT_A_SECRET.test(word.text.slice(equals + 1))) cuts.push({ start: from, end: word.end });
      return;
    }
    const next = words[at + 1];
    const settingOf = words[at - 1]?.text === "set" && SECRET_NAME.test(name);
    if (next !== undefined && (flag || settingOf) && !NOT_A_SECRET.test(next.text)) cuts.push(next);
  });
  return cuts;
}

/** The line with every secret it shows replaced by `***`. */
export function maskSecrets(line: string): string {
  let masked = line;
  for (const { start, end } of namedValues(line).sort((a, b) => b.start - a.start)) {
    masked = masked.slice(0, start) + MASK + masked.slice(end);
  }
  return masked
    .replace(AUTHORIZATION, `$1${MASK}`)
    .replace(BEARER, `$1${MASK}`)
    .replace(URL_PASSWORD, `$1:${MASK}@`)
    .replace(JWT, MASK);
}
