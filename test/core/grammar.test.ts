// Pipelines, redirects and joins of a line, and what is said about a wrong one.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PactError } from "../../src/api/index.ts";
import { type CommandLine, parseLine } from "../../src/core/grammar.ts";

const commands = (text: string): CommandLine => {
  const line = parseLine(text);
  if (line.kind !== "commands") throw new Error("a local command");
  return line;
};
const shape = (text: string) =>
  commands(text).steps.map(({ when, pipeline: { words, locals, redirect } }) => [
    when,
    words.map((word) => word.text),
    locals.map((argv) => argv.map((word) => word.text)),
    redirect === undefined ? null : [redirect.file.text, redirect.append],
  ]);

/** The failure of a line, and the part of it that the span marks. */
function wrong(text: string): { message: string; marked: string } {
  try {
    parseLine(text);
  } catch (error) {
    if (!(error instanceof PactError)) throw error;
    assert.is(error.failure, "usage");
    const { span } = error.about;
    return { message: error.message, marked: span === undefined ? "" : text.slice(span.start, span.end) };
  }
  throw new Error(`accepted: ${text}`);
}

test("a blank line and a comment have no steps", () => {
  assert.equal(shape(""), []);
  assert.equal(shape("   # status"), []);
  assert.equal(shape("status;"), [["always", ["status"], [], null]]);
});

test("steps carry when they run", () => {
  assert.equal(shape("a ; b && c || d").map(([when]) => when), ["always", "always", "success", "failure"]);
});

test("stages after the first are local programs", () => {
  assert.equal(shape("exec n[1-4] -- uptime | sort -k 2 | head -1 > out.txt"), [
    ["always", ["exec", "n[1-4]", "--", "uptime"], [["sort", "-k", "2"], ["head", "-1"]], ["out.txt", false]],
  ]);
  assert.equal(shape("log >> 'a b'"), [["always", ["log"], [], ["a b", true]]]);
});

test("a quoted operator is a word of the command", () => {
  assert.equal(shape("exec n1 -- sh -c 'a | b' '>' x"), [["always", ["exec", "n1", "--", "sh", "-c", "a | b", ">", "x"], [], null]]);
});

test("a line that begins with ! is local and verbatim", () => {
  assert.equal(parseLine("  !ls 'a | b' # c && d"), { kind: "local", command: "ls 'a | b' # c && d" });
  assert.equal(parseLine("! make"), { kind: "local", command: "make" });
});

test("wrong lines name the place", () => {
  for (const [line, message, marked] of [
    ["status |", "a local program is missing after |", "|"],
    ["status | | sort", "a local program is missing after |", "|"],
    ["| sort", "a command is missing before |", "|"],
    ["status &&", "a command is missing after &&", "&&"],
    ["a && ; b", "a command is missing after &&", "&&"],
    [";", "a command is missing before ;", ";"],
    ["status >", "a file is missing after >", ">"],
    ["status >> ; b", "a file is missing after >>", ">>"],
    ["> file", "a command is missing", "> file"],
    ["a > b | c", "nothing but ; && || can follow a redirect", "|"],
    ["a > b > c", "nothing but ; && || can follow a redirect", ">"],
    ["a 2> err", "only the answer (stdout) can go to a file", "2>"],
    ["a > &2", "only the answer (stdout) can go to a file", "&2"],
    ["exec n1 -- sleep 9 &", "& does not start a job here", "&"],
    ["a < b", "there is no input redirection", "<"],
    ["say 'abc", "the single quote is not closed", "'"],
    ['say "abc', "the double quote is not closed", '"'],
    ["say a\\", "nothing follows the backslash", "\\"],
    ["say a\0b", "a line cannot hold a NUL character", "a\0b"],
    ["!", "a local command is missing after !", "!"],
  ] as const) {
    assert.equal(wrong(line), { message, marked }, line);
  }
});

test("words after the file of a redirect still belong to the command, as in sh", () => {
  assert.equal(shape("exec > f n1 -- ls"), [["always", ["exec", "n1", "--", "ls"], [], ["f", false]]]);
});

test.run();
