// Quoting, operators, comments and spans of a typed line.
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { lex, quoteWord } from "../../src/core/lexer.ts";

const words = (line: string): string[] => lex(line).tokens.map((token) => (token.kind === "word" ? token.text : `<${token.operator}>`));

test("words are separated by blanks and tabs", () => {
  assert.equal(words("  status\tnode-042  -q "), ["status", "node-042", "-q"]);
});

test("single quotes are literal, double quotes know the backslash", () => {
  assert.equal(words(`a'b  c'd "x \\" y" "\\n" 'it'\\''s'`), ["ab  cd", 'x " y', "\\n", "it's"]);
});

test("a backslash protects any character outside quotes, also one beyond the basic plane", () => {
  assert.equal(words("a\\ b \\| \\😀x \\#"), ["a b", "|", "😀x", "#"]);
});

test("operators count only when unquoted, and need no blanks", () => {
  assert.equal(words(`a|b>>c;d&&e||f>g`), ["a", "<|>", "b", "<>>>", "c", "<;>", "d", "<&&>", "e", "<||>", "f", "<>>", "g"]);
  assert.equal(words(`a '|' "&&" \\> \\;`), ["a", "|", "&&", ">", ";"]);
});

test("an operator is one also after --", () => {
  assert.equal(words("exec n1 -- uptime | sort"), ["exec", "n1", "--", "uptime", "<|>", "sort"]);
});

test("brackets, stars, a single & and ! are ordinary text", () => {
  assert.equal(words("node-[1-6]&node-[4-9] a*!b ^ ?"), ["node-[1-6]&node-[4-9]", "a*!b", "^", "?"]);
});

test("a comment begins at an unquoted # that begins a word", () => {
  const lexed = lex("log a#b '#c' #rest | more");
  assert.equal(lexed.tokens.map((token) => (token.kind === "word" ? token.text : "")), ["log", "a#b", "#c"]);
  assert.is(lexed.comment, 13);
});

test("spans point at the word as it was typed", () => {
  const line = `ab 'c d'"e" | f`;
  const spans = lex(line).tokens.map(({ start, end }) => line.slice(start, end));
  assert.equal(spans, ["ab", `'c d'"e"`, "|", "f"]);
});

test("what is unfinished is said, with the word so far", () => {
  for (const [line, what, start, text] of [
    ["exec 'a b", "single quote", 5, "a b"],
    ['exec x"a \\" b', "double quote", 6, 'xa " b'],
    ["exec a\\", "backslash", 6, "a"],
  ] as const) {
    const lexed = lex(line);
    assert.equal(lexed.unfinished, { what, start });
    const last = lexed.tokens.at(-1);
    assert.is(last?.kind === "word" ? last.text : undefined, text);
  }
});

test("an empty word in quotes is a word", () => {
  assert.equal(words(`a '' ""`), ["a", "", ""]);
});

test("any text survives quoting and reading, as one word", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
      const { tokens, unfinished } = lex(quoteWord(text));
      assert.is(unfinished, undefined);
      assert.is(tokens.length, 1);
      const [word] = tokens;
      assert.is(word?.kind === "word" ? word.text : undefined, text);
    }),
    { numRuns: 2000 },
  );
});

test("quoted words stay apart between blanks", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme", maxLength: 12 }), { maxLength: 6 }), (texts) => {
      assert.equal(words(texts.map(quoteWord).join(" ")), texts);
    }),
  );
});

test("no line makes it throw, and tokens never overlap", () => {
  const piece = fc.constantFrom("a", " ", "'", '"', "\\", "|", ">", "&", ";", "#", "[1-3]", "😀", "\n", "\0");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      let at = 0;
      for (const token of lex(pieces.join("")).tokens) {
        assert.ok(token.start >= at && token.end > token.start);
        at = token.end;
      }
    }),
    { numRuns: 2000 },
  );
});

test.run();
