// The line editor, seen through the screen of a terminal.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Completion } from "../../src/repl/completer.ts";
import type { ReadResult } from "../../src/repl/editor.ts";
import type { Key } from "../../src/repl/keyboard.ts";
import { LineEditor } from "../../src/repl/line-editor.ts";
import { type FakeScreen, fakeScreen } from "./support/screen.ts";

interface Bench {
  screen: FakeScreen;
  editor: LineEditor;
  history: string[];
  between: Key[];
  complete: (line: string, cursor: number) => Promise<Completion>;
}

/** An editor on a screen of so many columns and rows. */
function bench(columns = 40, rows = 12): Bench {
  const screen = fakeScreen(columns, rows);
  const made: Bench = {
    screen, history: [], between: [],
    complete: async () => ({ start: 0, candidates: [] }),
    editor: new LineEditor({
      terminal: screen.terminal,
      history: () => made.history,
      complete: (line, cursor) => made.complete(line, cursor),
      between(key) {
        made.between.push(key);
        screen.terminal.hold(key);
      },
    }),
  };
  screen.terminal.open();
  open.push(made);
  return made;
}

const open: Bench[] = [];
const test = suite("editor");
test.after.each(() => {
  for (const { editor, screen } of open.splice(0)) {
    editor.close();
    screen.close();
  }
});

/** The text that keys make of a line. */
async function typed(keys: string, history: readonly string[] = []): Promise<string> {
  const { screen, editor, history: lines } = bench();
  lines.push(...history);
  screen.type(`${keys}\r`);
  const result = await editor.readLine("pact> ");
  return result.kind === "line" ? result.line : result.kind;
}

const line = (result: ReadResult): string => (result.kind === "line" ? result.line : `(${result.kind})`);
const ESC = "\x1b";
const UP = `${ESC}[A`;
const DOWN = `${ESC}[B`;
const RIGHT = `${ESC}[C`;
const LEFT = `${ESC}[D`;

test("what is typed is shown behind the prompt and read at Enter", async () => {
  const { screen, editor } = bench();
  const read = editor.readLine("pact> ");
  screen.type("status node-001");
  await screen.shows((rows) => rows[0] === "pact> status node-001", "the line");
  assert.equal(await screen.cursor(), { x: 21, y: 0 });
  screen.type("\r");
  assert.is(line(await read), "status node-001");
  assert.equal(await screen.cursor(), { x: 0, y: 1 });
});

test("keys edit the line", async () => {
  assert.is(await typed(`ac${LEFT}b`), "abc");
  assert.is(await typed(`bc\x01a\x05d`), "abcd");
  assert.is(await typed(`bc${ESC}[Ha${ESC}[Fd`), "abcd");
  assert.is(await typed(`bc${ESC}OHa${ESC}OFd`), "abcd");
  assert.is(await typed(`ac\x02b\x06d`), "abcd");
  assert.is(await typed(`abx\x7fc`), "abc");
  assert.is(await typed(`abc\x01\x04${ESC}[3~`), "c");
  assert.is(await typed(`ab${RIGHT}c`), "abc");
  assert.is(await typed(`one two three\x17x`), "one two x");
  assert.is(await typed(`one-a two/b${ESC}\x7fx`), "one-a two/x");
  assert.is(await typed(`one two three${ESC}b${ESC}b${ESC}dX`), "one X three");
  assert.is(await typed(`one two\x01${ESC}fX`), "oneX two");
  assert.is(await typed(`one two${ESC}[1;5DX`), "one Xtwo");
  assert.is(await typed(`ab\x14`), "ba");
});

test("what is killed can be put back, several kills as one", async () => {
  assert.is(await typed("one two\x15x \x19"), "x one two");
  assert.is(await typed("one two\x01\x0bx \x19"), "x one two");
  assert.is(await typed("one two three\x17\x17\x01\x19> "), "two three> one ");
});

test("characters of several units and with marks are one character", async () => {
  assert.is(await typed(`a😀\x7fb`), "ab");
  assert.is(await typed(`e\u0301x${LEFT}${LEFT}y`), "ye\u0301x");
  assert.is(await typed(`漢字${LEFT}\x7f`), "字");
});

test("wide and combining characters put the cursor where it belongs", async () => {
  const { screen, editor } = bench();
  const read = editor.readLine("> ");
  screen.type("漢字e\u0301😀");
  await screen.shows((rows) => rows[0] === "> 漢字e\u0301😀", "the line");
  assert.equal(await screen.cursor(), { x: 9, y: 0 });
  screen.type(`${LEFT}${LEFT}`);
  await screen.shows(() => true, "it");
  assert.equal(await screen.cursor(), { x: 6, y: 0 });
  screen.type("\r");
  await read;
});

test("a long line wraps over several rows and is edited there", async () => {
  const { screen, editor } = bench(20, 10);
  const read = editor.readLine("pact> ");
  screen.type("0123456789abcdefghijklmnopqrstuvwxyz");
  await screen.shows((rows) => rows.length === 3, "three rows");
  assert.equal(await screen.rows(), ["pact> 0123456789abcd", "efghijklmnopqrstuvwx", "yz"]);
  assert.equal(await screen.cursor(), { x: 2, y: 2 });
  screen.type("\x01X");
  await screen.shows((rows) => rows[0] === "pact> X0123456789abc", "the first row moved");
  assert.equal(await screen.rows(), ["pact> X0123456789abc", "defghijklmnopqrstuvw", "xyz"]);
  assert.equal(await screen.cursor(), { x: 7, y: 0 });
  screen.type("\x0b");
  await screen.shows((rows) => rows.length === 1, "one row");
  screen.type("\r");
  assert.is(line(await read), "X");
});

test("a line that exactly fills its row has its cursor on the next", async () => {
  const { screen, editor } = bench(20, 10);
  const read = editor.readLine("pact> ");
  for (const char of "0123456789abcd") screen.type(char);
  await screen.shows((rows) => rows[0] === "pact> 0123456789abcd", "a full row");
  assert.equal(await screen.cursor(), { x: 0, y: 1 });
  screen.type(`${LEFT}`);
  await screen.shows(() => true, "it");
  assert.equal(await screen.cursor(), { x: 19, y: 0 });
  screen.type(`${RIGHT}e`);
  await screen.shows((rows) => rows[1] === "e", "the next row");
  screen.type("\r");
  assert.is(line(await read), "0123456789abcde");
  assert.equal(await screen.rows(), ["pact> 0123456789abcd", "e"]);
});

test("a wide character that does not fit goes to the next row whole", async () => {
  const { screen, editor } = bench(10, 10);
  const read = editor.readLine("> ");
  screen.type("1234567漢x");
  await screen.shows((rows) => rows[1] === "漢x", "the second row");
  assert.equal(await screen.cursor(), { x: 3, y: 1 });
  screen.type("\r");
  await read;
});

test("a line taller than the screen shows the rows around the cursor", async () => {
  const { screen, editor } = bench(10, 4);
  const read = editor.readLine("> ");
  const long = "abcdefghij".repeat(10);
  screen.type(long);
  await screen.shows((rows) => rows.at(-1) === "ij", "its end");
  screen.type("\x01X");
  await screen.shows((rows) => rows.includes("> Xabcdefg"), "its beginning");
  screen.type("\r");
  assert.is(line(await read), `X${long}`);
});

test("a resize draws the line again, narrower and wider, and leaves what is above", async () => {
  const { screen, editor } = bench(40, 12);
  screen.terminal.write("above\r\n");
  const read = editor.readLine("pact> ");
  screen.type("exec node-[001-003] -- uptime -p");
  await screen.shows((rows) => rows[1] === "pact> exec node-[001-003] -- uptime -p", "the line");
  await screen.resize(20, 12);
  await screen.shows((rows) => rows[1] === "pact> exec node-[001", "the narrow line");
  assert.equal(await screen.rows(), ["above", "pact> exec node-[001", "-003] -- uptime -p"]);
  screen.type("!");
  await screen.shows((rows) => rows[2] === "-003] -- uptime -p!", "the key");
  await screen.resize(60, 12);
  await screen.shows((rows) => rows[1] === "pact> exec node-[001-003] -- uptime -p!", "the wide line");
  assert.equal(await screen.rows(), ["above", "pact> exec node-[001-003] -- uptime -p!"]);
  screen.type("\r");
  assert.is(line(await read), "exec node-[001-003] -- uptime -p!");
});

test("a terminal without a size counts as 80 by 24", async () => {
  const { screen, editor } = bench(40, 12);
  await screen.resize(40, 12);
  Object.assign(screen.terminal.parts.output, { columns: 0, rows: 0 });
  assert.equal([screen.terminal.columns, screen.terminal.rows], [80, 24]);
  screen.type("x\r");
  assert.is(line(await editor.readLine("> ")), "x");
});

test("up and down walk through lines that begin like the typed text", async () => {
  const lines = ["status", "log -n 3", "status node-001", "diff", "status node-001"];
  assert.is(await typed(UP, lines), "status node-001");
  assert.is(await typed(`${UP}${UP}`, lines), "diff");
  assert.is(await typed(`${UP}${UP}${UP}`, lines), "status node-001");
  assert.is(await typed(`st${UP}${UP}`, lines), "status");
  assert.is(await typed(`st${UP}${UP}${UP}${UP}`, lines), "status");
  assert.is(await typed(`st${UP}${UP}${DOWN}`, lines), "status node-001");
  assert.is(await typed(`st${UP}${DOWN}${DOWN}ay`, lines), "stay");
  assert.is(await typed(`\x10\x10\x0e`, lines), "status node-001");
  assert.is(await typed(`zz${UP}`, lines), "zz");
});

test("Alt-. brings the last word of earlier lines, as typed", async () => {
  const lines = ["status node-001", "exec n -- echo 'a b'", "log"];
  assert.is(await typed(`x ${ESC}.`, lines), "x log");
  assert.is(await typed(`x ${ESC}.${ESC}.`, lines), "x 'a b'");
  assert.is(await typed(`x ${ESC}.${ESC}.${ESC}.`, lines), "x node-001");
});

test("Ctrl-R searches while one types, further with each press", async () => {
  const { screen, editor, history } = bench();
  history.push("exec node-1 -- uptime", "status", "exec node-2 -- Uptime");
  const read = editor.readLine("pact> ");
  screen.type("\x12upt");
  await screen.shows((rows) => rows[0] === '(search "upt") exec node-2 -- Uptime', "the newest match");
  screen.type("\x12");
  await screen.shows((rows) => rows[0] === '(search "upt") exec node-1 -- uptime', "the next match");
  screen.type("\x12");
  await screen.shows((rows) => rows[0] === '(no match "upt") exec node-1 -- uptime', "no further match");
  screen.type("\x05 -p");
  await screen.shows((rows) => rows[0] === "pact> exec node-1 -- uptime -p", "the line, to be edited");
  screen.type("\r");
  assert.is(line(await read), "exec node-1 -- uptime -p");
});

test("a search goes on finding the line it has found", async () => {
  const { screen, editor, history } = bench();
  history.push("exec node-1 -- uptime", "status");
  const read = editor.readLine("pact> ");
  for (const [typed, query] of [["\x12p", "p"], ["t", "pt"], ["i", "pti"]] as const) {
    screen.type(typed);
    await screen.shows((rows) => rows[0] === `(search "${query}") exec node-1 -- uptime`, `found by ${query}`);
  }
  screen.type("\r");
  assert.is(line(await read), "exec node-1 -- uptime");
});

test("a search can be taken back", async () => {
  assert.is(await typed("keep\x12stat\x07!", ["status"]), "keep!");
  assert.is(await typed("keep\x12stat\x03!", ["status"]), "keep!");
  assert.is(await typed("\x12statx\x7f\r", ["status"]), "status");
});

const list = (start: number, ...texts: string[]) => async (): Promise<Completion> => ({ start, candidates: texts.map((text) => ({ text })) });

test("Tab completes the only candidate and goes on behind it", async () => {
  const made = bench();
  made.complete = list(0, "status");
  const read = made.editor.readLine("> ");
  made.screen.type("sta\t");
  await made.screen.shows((rows) => rows[0] === "> status ", "the word");
  assert.equal(await made.screen.cursor(), { x: 9, y: 0 });
  made.screen.type("x\r");
  assert.is(line(await read), "status x");
});

test("a candidate that goes on gets no blank", async () => {
  for (const text of ["--output=", "/etc/", "node-["]) {
    const made = bench();
    made.complete = list(0, text);
    const read = made.editor.readLine("> ");
    made.screen.type("\t");
    await made.screen.shows((rows) => rows[0] === `> ${text}`, text);
    made.screen.type("x\r");
    assert.is(line(await read), `${text}x`);
  }
});

test("Tab inserts what all candidates share; the second Tab lists them with notes", async () => {
  const made = bench();
  made.complete = async (text, cursor) => {
    assert.is(text.slice(0, cursor).startsWith("exec n"), true);
    return { start: 5, candidates: [{ text: "node-001", note: "ok" }, { text: "node-002", note: "drift 3" }, { text: "node-01", note: "" }] };
  };
  const read = made.editor.readLine("> ");
  made.screen.type("exec n\t");
  await made.screen.shows((rows) => rows[0] === "> exec node-0", "the common part");
  made.screen.type("\t");
  const rows = await made.screen.shows((shown) => shown.length === 4, "the list");
  assert.equal(rows, ["> exec node-0", "node-001  ok", "node-002  drift 3", "node-01"]);
  assert.equal(await made.screen.cursor(), { x: 13, y: 0 });
  made.screen.type("0");
  await made.screen.shows((shown) => shown.length === 1, "the list is gone");
  made.screen.type("1\r");
  assert.is(line(await read), "exec node-001");
});

test("a long list shows what fits and counts the rest", async () => {
  const made = bench(40, 8);
  made.screen.terminal.write("above\r\n");
  made.complete = async () => ({ start: 0, candidates: Array.from({ length: 70 }, (_, at) => ({ text: `n${at + 10}`, note: "x" })) });
  const read = made.editor.readLine("> ");
  made.screen.type("\t\t");
  const rows = await made.screen.shows((shown) => shown.at(-1)?.startsWith("and ") === true, "the count");
  assert.is(rows.at(-1), `and ${70 - (rows.length - 3)} more`);
  assert.ok(rows.length <= 8, `${rows.length} rows`);
  assert.is(rows[1], "> n");
  made.screen.type("x\r");
  await read;
});

test("never more than 50 are shown, in columns when there are no notes", async () => {
  const made = bench(40, 30);
  made.complete = async () => ({ start: 0, candidates: Array.from({ length: 70 }, (_, at) => ({ text: `n${at + 10}` })) });
  const read = made.editor.readLine("> ");
  made.screen.type("\t\t");
  const rows = await made.screen.shows((shown) => shown.at(-1) === "and 20 more", "the count");
  assert.is(rows[1], "n10  n11  n12  n13  n14  n15  n16");
  made.screen.type("\r");
  await read;
});

test("keys typed right behind Tab come after what it completes", async () => {
  const made = bench();
  made.complete = async (text) => {
    await new Promise((resolve) => setImmediate(resolve));
    return { start: 0, candidates: text === "sta" ? [{ text: "status" }] : [{ text: `${text}1` }] };
  };
  const read = made.editor.readLine("> ");
  made.screen.type("sta\tnode-\tx\rnext");
  assert.is(line(await read), "status node-1 x");
  made.screen.type("\r");
  assert.is(line(await made.editor.readLine("> ")), "next");
});

test("a completion that fails or comes late changes nothing", async () => {
  const made = bench();
  made.complete = async () => {
    throw new Error("no network");
  };
  let answer: (completion: Completion) => void = () => undefined;
  const read = made.editor.readLine("> ");
  made.screen.type("st\t");
  await made.screen.shows((rows) => rows[0] === "> st", "the line");
  made.complete = () => new Promise((resolve) => {
    answer = resolve;
  });
  made.screen.type("\tx");
  await made.screen.shows((rows) => rows[0] === "> stx", "typing goes on");
  answer({ start: 0, candidates: [{ text: "status" }] });
  made.screen.type("y\r");
  assert.is(line(await read), "stxy");
});

test("Ctrl-C does not wait for a completion", async () => {
  const made = bench();
  made.complete = () => new Promise(() => undefined);
  made.screen.type("st\tx\x03");
  assert.equal(await made.editor.readLine("> "), { kind: "interrupted", empty: false });
});

test("Ctrl-C clears the line and everything typed ahead", async () => {
  const { screen, editor } = bench();
  screen.type("half a li\x03");
  assert.equal(await editor.readLine("> "), { kind: "interrupted", empty: false });
  screen.type("\x03");
  assert.equal(await editor.readLine("> "), { kind: "interrupted", empty: true });
  screen.type("status\r");
  assert.is(line(await editor.readLine("> ")), "status");
  assert.equal(await screen.rows(), ["> half a li^C", "> ^C", "> status"]);
});

test("Ctrl-D leaves an empty line and deletes in others; the end of input leaves", async () => {
  const { screen, editor } = bench();
  screen.type("\x04");
  assert.equal(await editor.readLine("> "), { kind: "eof" });
  screen.type("ab\x01\x04\r");
  assert.is(line(await editor.readLine("> ")), "b");
  const last = editor.readLine("> ");
  screen.end();
  assert.equal(await last, { kind: "eof" });
});

test("Ctrl-Z is explained, Ctrl-\\ and unknown keys do nothing", async () => {
  const { screen, editor } = bench();
  screen.type("ab\x1c\x00\x1b[99~\x1b[24~c\r");
  assert.is(line(await editor.readLine("> ")), "abc");
  const read = editor.readLine("> ");
  screen.type("ab\x1ac");
  await screen.shows((rows) => rows.at(-1) === "> abc", "the line below the hint");
  assert.match((await screen.rows())[1] ?? "", "not suspended");
  screen.type("\r");
  assert.is(line(await read), "abc");
});

test("Ctrl-L empties the screen and keeps the line", async () => {
  const { screen, editor } = bench();
  screen.terminal.write("old\r\nold\r\n");
  const read = editor.readLine("> ");
  screen.type("sta\x0c");
  await screen.shows((rows) => rows[0] === "> sta" && rows.length === 1, "an empty screen");
  screen.type("tus\r");
  assert.is(line(await read), "status");
});

test("a pasted block is shown, runs only at Enter, and then line by line", async () => {
  const { screen, editor } = bench();
  const read = editor.readLine("pact> ");
  screen.type("\x1b[200~status\rlog -n 3\n\ndiff\r\n\x1b[201~");
  await screen.shows((rows) => rows.length === 4, "the block");
  assert.equal(await screen.rows(), ["pact> status", "log -n 3", "", "diff"]);
  screen.type("\r");
  assert.is(line(await read), "status");
  assert.is(line(await editor.readLine("pact> ")), "log -n 3");
  assert.is(line(await editor.readLine("[1] pact> ")), "diff");
  assert.equal(await screen.rows(), ["pact> status", "pact> log -n 3", "[1] pact> diff"]);
});

test("what is left of a paste can be forgotten", async () => {
  const { screen, editor } = bench();
  screen.type("\x1b[200~a\rb\x1b[201~\r");
  assert.is(line(await editor.readLine("> ")), "a");
  editor.discard();
  screen.type("c\r");
  assert.is(line(await editor.readLine("> ")), "c");
});

test("control characters and reordering marks in a paste are shown, not obeyed", async () => {
  const { screen, editor } = bench();
  const read = editor.readLine("> ");
  screen.type("\x1b[200~a\x07b\u202ec\td\x1b[201~");
  await screen.shows((rows) => rows[0] === "> a^Gb<202e>c d", "what it holds");
  screen.type("\r");
  assert.is(line(await read), "a\x07b\u202ec\td");
});

test("a paste whose end got lost is given up with Ctrl-C", async () => {
  const { screen, editor } = bench();
  const read = editor.readLine("> ");
  screen.type("\x1b[200~abc");
  await screen.rows();
  screen.type("\x03");
  assert.equal(await read, { kind: "interrupted", empty: true });
});

test("answers of a terminal to programs that have ended are not typed", async () => {
  assert.is(await typed("a\x1b[?1;2cb\x1b]11;rgb:0000/0000/0000\x1b\\c\x1b[5;12Rd\x1b[Ie"), "abcde");
});

test("bytes of a character that come apart are put together", async () => {
  const { screen, editor } = bench();
  const read = editor.readLine("> ");
  const bytes = Buffer.from("é😀");
  for (const byte of bytes) screen.terminal.parts.input.emit("data", Buffer.from([byte]));
  screen.type("\r");
  assert.is(line(await read), "é😀");
});

test("what is typed while nobody reads waits for the next lines", async () => {
  const { screen, editor, between } = bench();
  screen.type("one\rtwo\rthr");
  assert.is(line(await editor.readLine("> ")), "one");
  assert.is(line(await editor.readLine("> ")), "two");
  const read = editor.readLine("> ");
  await screen.shows((rows) => rows[2] === "> thr", "the rest");
  screen.type("ee\r");
  assert.is(line(await read), "three");
  assert.is(between.length > 0, true);
  assert.equal(await screen.rows(), ["> one", "> two", "> three"]);
});

test("a notice appears above the line, which stays intact", async () => {
  const { screen, editor } = bench();
  const read = editor.readLine("pact> ");
  screen.type(`status${LEFT}${LEFT}`);
  await screen.shows((rows) => rows[0] === "pact> status", "the line");
  screen.terminal.notice("node-001 drifted\x1b[2J\nsee diff");
  await screen.shows((rows) => rows.length === 3, "the notice");
  assert.equal(await screen.rows(), ["node-001 drifted\\e[2J", "see diff", "pact> status"]);
  assert.equal(await screen.cursor(), { x: 10, y: 2 });
  screen.type("\r");
  assert.is(line(await read), "status");
});

test("suspending takes the line away and the terminal's modes with it; resuming brings both back", async () => {
  const { screen, editor } = bench();
  const read = editor.readLine("pact> ");
  screen.type("sta");
  await screen.shows((rows) => rows[0] === "pact> sta", "the line");
  editor.suspend();
  assert.is(screen.isRaw(), false);
  assert.equal(await screen.rows(), []);
  assert.ok(screen.raw().includes("\x1b[?2004l"));
  editor.resume();
  assert.is(screen.isRaw(), true);
  await screen.shows((rows) => rows[0] === "pact> sta", "the line again");
  screen.type("tus\r");
  assert.is(line(await read), "status");
});

test("a lease gets raw bytes and what was typed ahead, and everything is put back", async () => {
  const { screen, editor } = bench();
  screen.type("shell node-001\rls -l\r\x1b[A");
  assert.is(line(await editor.readLine("> ")), "shell node-001");
  const lease = screen.terminal.lease();
  const got: string[] = [];
  lease.onInput((bytes) => got.push(Buffer.from(bytes).toString()));
  assert.equal(got, ["ls -l\r\x1b[A"]);
  assert.is(screen.isRaw(), true);
  screen.type("\x03\x1b[200~x");
  await screen.rows();
  assert.is(got.slice(1).join(""), "\x03\x1b[200~x");
  const sizes: number[][] = [];
  lease.onResize((rows, cols) => sizes.push([rows, cols]));
  await screen.resize(50, 20);
  assert.equal(sizes, [[20, 50]]);
  await lease.write(Buffer.from("\x1b[?1049h\x1b[?25lremote"));
  lease.release();
  lease.release();
  await lease.write(Buffer.from("late"));
  assert.ok(screen.raw().includes("\x1b[?25h") && !screen.raw().includes("late"));
  screen.type("log\r");
  assert.is(line(await editor.readLine("> ")), "log");
});

test("the terminal is restored once, whatever it was doing", async () => {
  const { screen, editor } = bench();
  const read = editor.readLine("> ");
  screen.terminal.restore();
  screen.terminal.restore();
  assert.is(screen.isRaw(), false);
  assert.ok(screen.raw().endsWith("\x1b[?2004l\x1b[?25h"));
  editor.close();
  void read;
});

test.run();
