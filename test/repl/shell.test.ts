// The shell under a real terminal: interrupts, leaving, local commands, restored modes.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Pty, startPty } from "./support/pty.ts";
import { until } from "./support/sinks.ts";

const tiny = fileURLToPath(new URL("./support/tiny-shell.js", import.meta.url));
const PROMPT = "pact ml-training> ";
const PASTE_OFF = "\x1b[?2004l";

const test = suite("shell", { dir: "", history: "" });
const open: Pty[] = [];
test.before.each((context) => {
  context.dir = mkdtempSync(join(tmpdir(), "pact-shell-"));
  context.history = join(context.dir, "state", "history.jsonl");
});
test.after.each(async (context) => {
  for (const pty of open.splice(0)) {
    pty.close();
    await pty.exited;
  }
  rmSync(context.dir, { recursive: true, force: true });
});

const environment = (more: Record<string, string> = {}): Record<string, string | undefined> =>
  ({ PATH: process.env["PATH"], HOME: tmpdir(), TERM: "xterm-256color", SHELL: "/bin/sh", ...more });

/** The tiny shell with its first prompt on the screen. */
async function shell(context: { dir: string; history: string }, env: Record<string, string> = {}): Promise<Pty & { shellPid: number }> {
  const pty = startPty(process.execPath, [tiny, context.history], environment(env), context.dir);
  open.push(pty);
  const pid = Number((await pty.see(/pid \d+/)).slice(4));
  await pty.see(PROMPT);
  return { ...pty, shellPid: pid };
}

/** The tiny shell as a child of sh, which says how the terminal is afterwards. */
async function shellInShell(context: { dir: string; history: string }): Promise<{ pty: Pty; pid: number }> {
  const script = `stty -a > before; "$0" "$1" "$2"; echo "status=$?"; stty -a > after; echo over`;
  const pty = startPty("/bin/sh", ["-c", script, process.execPath, tiny, context.history], environment(), context.dir);
  open.push(pty);
  const pid = Number((await pty.see(/pid \d+/)).slice(4));
  await pty.see(PROMPT);
  return { pty, pid };
}

const sameModes = (dir: string): void =>
  assert.is(readFileSync(join(dir, "after"), "utf8"), readFileSync(join(dir, "before"), "utf8"));

const linesOf = (path: string): { line: string; exit: number | null }[] =>
  readFileSync(path, "utf8").trim().split("\n").map((line): { line: string; exit: number | null } => JSON.parse(line));

test("a line runs, its status is in the next prompt, and history keeps both", async (context) => {
  const pty = await shell(context);
  pty.type("echo hello\r");
  await pty.see("\nhello");
  await pty.see(PROMPT);
  pty.type("fail 6\r");
  await pty.see(`[6] ${PROMPT}`);
  pty.type("\x1b[A\x1b[A\r");
  await pty.see("\nhello");
  await pty.see(PROMPT);
  pty.type("exit\r");
  assert.equal(await pty.exited, { exitCode: 0, signal: 0 });
  assert.equal(linesOf(context.history).map(({ line, exit }) => [line, exit]), [["echo hello", 0], ["fail 6", 6], ["echo hello", 0], ["exit", 0]]);
});

test("unknown commands, wrong lines and commands that throw do not end the shell", async (context) => {
  const pty = await shell(context);
  pty.type("nonsense\r");
  await pty.see("no command called nonsense");
  await pty.see(`[1] ${PROMPT}`);
  pty.type("echo 'a\r");
  await pty.see("error: the single quote is not closed");
  await pty.see(`[1] ${PROMPT}`);
  pty.type("throw\r");
  await pty.see("unexpected failure: boom");
  await pty.see(`[1] ${PROMPT}`);
});

test("Ctrl-C cancels the running command and keeps the shell", async (context) => {
  const pty = await shell(context);
  pty.type("wait\r");
  await pty.see("waiting");
  pty.type("\x03");
  await pty.see("^C");
  await pty.see("cancelled");
  await pty.see(`[130] ${PROMPT}`);
  pty.type("echo still here\r");
  await pty.see("\nstill here");
});

test("SIGINT does the same as Ctrl-C", async (context) => {
  const pty = await shell(context);
  pty.type("wait\r");
  await pty.see("waiting");
  process.kill(pty.shellPid, "SIGINT");
  await pty.see(`[130] ${PROMPT}`);
});

test("Ctrl-C right behind Enter cancels the line it follows", async (context) => {
  const pty = await shell(context);
  pty.type("wait\r\x03");
  await pty.see(`[130] ${PROMPT}`);
});

test("Ctrl-C interrupts local programs of the line", async (context) => {
  const pty = await shell(context);
  pty.type("echo x | sh -c 'echo ready; exec sleep 60'\r");
  await pty.see("\nready");
  pty.type("\x03");
  await pty.see(`[130] ${PROMPT}`);
});

test("a second Ctrl-C stops waiting, and what comes late is not shown", async (context) => {
  const pty = await shell(context);
  pty.type("deaf\r");
  await pty.see("\ndeaf");
  pty.type("\x03");
  await pty.see("^C");
  pty.type("\x03");
  await pty.see("no longer waiting");
  await pty.see(`[130] ${PROMPT}`);
  process.kill(pty.shellPid, "SIGUSR2");
  pty.type("echo after\r");
  await pty.see("\nafter");
  await pty.see(PROMPT);
  assert.not.match(pty.text(), /LATE/);
});

test("a command that does not stop is not waited for for ever", async (context) => {
  const pty = await shell(context, { STOP_WAIT_MS: "50" });
  pty.type("deaf\r");
  await pty.see("\ndeaf");
  pty.type("\x03");
  await pty.see("did not stop in time");
  await pty.see(`[130] ${PROMPT}`);
});

test("Ctrl-C on an empty line says once how to leave; Ctrl-D leaves", async (context) => {
  const pty = await shell(context);
  pty.type("\x03");
  await pty.see("to leave: exit, quit or Ctrl-D");
  await pty.see(PROMPT);
  pty.type("half\x03");
  await pty.see("half^C");
  await pty.see(PROMPT);
  pty.type("\x03");
  await pty.see(PROMPT);
  assert.is(pty.text().split("to leave:").length, 2);
  pty.type("\x04");
  assert.equal(await pty.exited, { exitCode: 0, signal: 0 });
});

test("\\q and :q get a hint", async (context) => {
  const pty = await shell(context);
  for (const line of ["\\q", ":q"]) {
    pty.type(`${line}\r`);
    await pty.see("to leave: exit, quit or Ctrl-D");
    await pty.see(PROMPT);
  }
});

test("what is typed while a command runs is the next line", async (context) => {
  const pty = await shell(context);
  pty.type("echo x | sh -c 'echo ready; while [ ! -e go ]; do sleep 0.01; done'\r");
  await pty.see("\nready");
  pty.type("echo typed ahead\r");
  pty.type("!touch go2\r");
  // The terminal has taken the keys; now the first line may end.
  const { writeFileSync } = await import("node:fs");
  writeFileSync(join(context.dir, "go"), "");
  await pty.see(`${PROMPT}`);
  await pty.see("\ntyped ahead");
  await until(() => existsSync(join(context.dir, "go2")), "the third line ran");
});

test("output without a line end does not hide the prompt", async (context) => {
  const pty = await shell(context);
  pty.type("part abc\r");
  await pty.see(/\nabc\r+\n/);
  await pty.see(PROMPT);
});

test("! runs a command of the operator's shell on the terminal, without pact's secrets", async (context) => {
  const pty = await shell(context, { PACT_TOKEN: "s1", PACT_CLIENT_SECRET: "s2", PACT_SITE_TOKEN: "s3", PACT_VCLUSTER: "kept" });
  pty.type("!tty >/dev/null && echo on a terminal $COLUMNS; env | grep ^PACT | sort | tr '\\n' ' '\r");
  await pty.see("on a terminal\r");
  await pty.see("PACT_VCLUSTER=kept");
  await pty.see(PROMPT);
  assert.not.match(pty.text(), /=s[123]/);
  pty.type("!exit 7\r");
  await pty.see(`[7] ${PROMPT}`);
  pty.type("!kill -TERM $$\r");
  await pty.see(`[143] ${PROMPT}`);
});

test("keys go to the local command, Ctrl-C too, and the shell stays", async (context) => {
  const pty = await shell(context);
  pty.type("!echo ready; read answer; echo got $answer\r");
  await pty.see("ready\r");
  pty.type("yes\r");
  await pty.see("\ngot yes");
  await pty.see(PROMPT);
  pty.type("!echo ready; exec sleep 60\r");
  await pty.see("ready\r");
  pty.type("\x03");
  await pty.see(`[130] ${PROMPT}`);
});

test("a resize reaches the local command", async (context) => {
  const pty = await shell(context);
  pty.type("!trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.01; done\r");
  await pty.see("ready\r");
  pty.resize(100, 30);
  await pty.see("30 100");
  await pty.see(PROMPT);
});

test("a burst of 100 KB and an immediate exit lose nothing, 50 times", async (context) => {
  const pty = await shell(context);
  for (let at = 0; at < 50; at++) {
    const before = pty.text().length;
    pty.type(`!head -c 100000 /dev/zero | tr '\\0' x; printf 'END%s' ${at}\r`);
    await pty.see(`xEND${at}`);
    await pty.see(PROMPT);
    const xs = pty.text().slice(before).match(/x{100,}/g)?.join("").length ?? 0;
    assert.is(xs, 100_000, `run ${at}`);
  }
});

test("Ctrl-\\ while a command runs leaves at once", async (context) => {
  const { pty } = await shellInShell(context);
  pty.type("deaf\r");
  await pty.see("\ndeaf");
  pty.type("\x1c");
  await pty.see("status=131");
  await pty.see("over");
  sameModes(context.dir);
});

for (const [signal, status] of [["SIGTERM", 143], ["SIGHUP", 129]] as const) {
  test(`${signal} at the prompt and in a command restores the terminal`, async (context) => {
    for (const line of ["half a line", "deaf\r", "!sleep 60\r"]) {
      const { pty, pid } = await shellInShell(context);
      pty.type(line);
      await pty.see(line.trimEnd());
      if (line === "deaf\r") await pty.see("\ndeaf");
      process.kill(pid, signal);
      await pty.see(`status=${status}`);
      await pty.see("over");
      sameModes(context.dir);
      assert.ok(pty.text().lastIndexOf(PASTE_OFF) > pty.text().lastIndexOf("\x1b[?2004h"), "pastes are no longer marked");
    }
    assert.equal(linesOf(context.history).map(({ line, exit }) => [line, exit]), [["deaf", null], ["!sleep 60", null]]);
  });
}

test("an exception restores the terminal", async (context) => {
  const { pty } = await shellInShell(context);
  pty.type("crash\r");
  await pty.see("Error: crash");
  await pty.see("over");
  sameModes(context.dir);
  assert.ok(pty.text().lastIndexOf(PASTE_OFF) > pty.text().lastIndexOf("\x1b[?2004h"));
});

test("after it was stopped and continued the shell draws its line again", async (context) => {
  const pty = await shell(context);
  pty.type("echo ab");
  await pty.see("echo ab");
  process.kill(pty.shellPid, "SIGSTOP");
  process.kill(pty.shellPid, "SIGCONT");
  await pty.see("echo ab");
  pty.type("c\r");
  await pty.see("\nabc");
});

test("a terminal that goes away ends the shell", async (context) => {
  const pty = await shell(context);
  process.kill(pty.shellPid, "SIGHUP");
  assert.equal(await pty.exited, { exitCode: 129, signal: 0 });
});

test("on a dumb terminal lines are plain, and Ctrl-C and Ctrl-D mean the same", async (context) => {
  const pty = await shell(context, { TERM: "dumb" });
  pty.type("echo plain\r");
  await pty.see("\nplain");
  await pty.see(PROMPT);
  pty.type("wait\r");
  await pty.see("waiting");
  pty.type("\x03");
  await pty.see(`[130] ${PROMPT}`);
  pty.type("half\x03");
  await pty.see("to leave:");
  await pty.see(PROMPT);
  pty.type("!echo local\r");
  await pty.see("\nlocal");
  await pty.see(PROMPT);
  pty.type("\x04");
  assert.equal(await pty.exited, { exitCode: 0, signal: 0 });
  assert.not.match(pty.text(), /\x1b\[/);
});

test.run();
