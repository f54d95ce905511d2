// The built program as an operator sees it: a real terminal, a real site.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Pty, startPty } from "./repl/support/pty.ts";
import { until } from "./repl/support/sinks.ts";
import { processesWith } from "./support/processes.ts";
import { type TestSite, startTestSite } from "./support/site.ts";

const MAIN = fileURLToPath(new URL("../src/main.js", import.meta.url));
let site: TestSite;
const open: Pty[] = [];

test.before(async () => {
  site = await startTestSite();
});
test.after(async () => {
  for (const pty of open) pty.close();
  await site.close();
});

async function pact(words: string[] = [], user?: string): Promise<Pty> {
  const { PACT_ENDPOINT: _, ...env } = await site.env(user);
  const pty = startPty(process.execPath, [MAIN, ...words], { ...env, TERM: "xterm-256color", LANG: "C.UTF-8" }, site.home);
  open.push(pty);
  return pty;
}

test("a line, its answer, its code in the prompt, and out with Ctrl-D", async () => {
  const shell = await pact();
  await shell.see("pact> ");
  shell.type("whoami --fields principal\r");
  await shell.see(/principal[^\n]*admin/);
  shell.type("exec node-001 -- rm x\r");
  await shell.see("not whitelisted");
  await shell.see("[6] pact> ");
  shell.type("status node-001 --output name\r");
  await shell.see("node-001");
  await shell.see(/\npact> |\rpact> |(?<!\] )pact> /);
  shell.type("\u0004");
  assert.is((await shell.exited).exitCode, 0);
});

test("use selects, the prompt shows it, and Tab completes commands, flags and nodes", async () => {
  const shell = await pact();
  await shell.see("pact> ");
  shell.type("use ml-training/node-001\r");
  await shell.see("pact ml-training/node-001> ");
  shell.type("whoa\t");
  await shell.see("whoami");
  shell.type("\r");
  await shell.see(/principal[^\n]*admin/);
  await shell.see("pact ml-training/node-001> ");
  shell.type("log --sc\t");
  await shell.see("log --scope ");
  shell.type("\u0003");
  await shell.see("pact ml-training/node-001> ");
  // Names are learned behind the prompt; Tab offers them once they are there.
  for (let tries = 0; ; tries++) {
    shell.type("status node-00\t\t");
    const seen = await shell.see("node-002", 500).catch(() => "");
    shell.type("\u0003");
    if (seen !== "") break;
    assert.ok(tries < 40, "node names are offered");
  }
  shell.type("exit\r");
  assert.is((await shell.exited).exitCode, 0);
});

test("Tab completes what set takes, and scopes of log in two steps", async () => {
  const shell = await pact();
  await shell.see("pact> ");
  shell.type("set rea\tof\t\r");
  await shell.see("read-only is off");
  await shell.see("pact> ");
  shell.type("log -n 1 --fields seq --scope nod\t");
  await shell.see("node:");
  shell.type("node-001\t\r");
  await shell.see("node:node-001 ");
  shell.close();
});

test("Ctrl-C cancels the command, ends its process on the node and keeps the shell", async () => {
  const shell = await pact();
  await shell.see("pact> ");
  shell.type("exec node-001 -- tail -f /etc/hostname\r");
  await shell.see("node-001");
  await until(() => processesWith("tail -f /etc/hostname").length > 0, "the command runs");
  shell.type("\u0003");
  await shell.see("[130] pact> ");
  await until(() => processesWith("tail -f /etc/hostname").length === 0, "its process is gone");
  shell.type("status node-001 --output name\r");
  await shell.see("node-001");
  shell.type("exit\r");
  assert.is((await shell.exited).exitCode, 0);
});

test("watch shows what others do, until Ctrl-C, which is its normal end", async () => {
  const shell = await pact();
  await shell.see("pact> ");
  shell.type("watch\r");
  await shell.see("Ctrl-C ends");
  const other = await site.pact(["exec", "node-001", "--", "uname", "-s"], { user: "ops" });
  assert.is(other.status, 0);
  await shell.see(/EXEC_LOG node:node-001 by ops {2}exec:uname -s/);
  shell.type("\u0003");
  await shell.see(/(?<!\] )pact> /);
  shell.type("exit\r");
  assert.is((await shell.exited).exitCode, 0);
});

test("a remote shell: prompt, commands, their record, status, and back", async () => {
  const shell = await pact();
  await shell.see("pact> ");
  shell.type("shell node-001\r");
  await shell.see("pact:node-001> ");
  shell.type("cat /etc/hostname\r");
  await shell.see("node-001");
  await shell.see("pact:node-001> ");
  shell.type("exit 3\r");
  await shell.see("node-001: exit 3");
  await shell.see("[1] pact> ");
  shell.type("log -n 6 --scope node:node-001\r");
  await shell.see(/SHELL_SESSION[^\n]*end/);
  await shell.see("cat /etc/hostname");
  shell.type("exit\r");
  assert.is((await shell.exited).exitCode, 0);
});

test("Ctrl-C on a node belongs to the node: it ends a command or clears the line, never the session", async () => {
  const shell = await pact(["shell", "node-001"]);
  await shell.see("pact:node-001> ");
  shell.type("\u0003");
  await shell.see("pact:node-001> ");
  shell.type("half a line\u0003");
  await shell.see("pact:node-001> ");
  shell.type("tail -f /etc/os-release\r");
  await until(() => processesWith("tail -f /etc/os-release").length > 0, "the command runs");
  shell.type("\u0003");
  await until(() => processesWith("tail -f /etc/os-release").length === 0, "the command is gone");
  await shell.see("pact:node-001> ");
  shell.type("echo still $((40 + 2))\r");
  await shell.see("still 42");
  shell.type("exit\r");
  assert.is((await shell.exited).exitCode, 0);
});

test("one-shot shell: sizes go along, ~. leaves, and the terminal is as before", async () => {
  const { PACT_ENDPOINT: _, ...env } = await site.env("ops");
  const script = `stty -g > before; ${JSON.stringify(process.execPath)} ${JSON.stringify(MAIN)} shell node-001; echo left $?; stty -g > after; cmp before after && echo same`;
  const shell = startPty("/bin/sh", ["-c", script], { ...env, TERM: "xterm-256color" }, site.home);
  open.push(shell);
  await shell.see("pact:node-001> ");
  shell.resize(132, 40);
  shell.type("printf '%s %s\\n' x$COLUMNS x$LINES\r");
  await shell.see("x132 x40");
  shell.type("\r~.");
  await shell.see("left 0");
  await shell.see("same");
  await shell.exited;
});

test("a shell that is killed leaves the terminal usable and nothing on the node", async () => {
  const { PACT_ENDPOINT: _, ...env } = await site.env("ops");
  const script = `stty -g > b; ${JSON.stringify(process.execPath)} ${JSON.stringify(MAIN)} shell node-001 & echo pid=$!; fg >/dev/null 2>&1 || wait; stty -g > a; cmp a b && echo same`;
  const shell = startPty("/bin/bash", ["-mc", script], { ...env, TERM: "xterm-256color" }, site.home);
  open.push(shell);
  const [, pid = ""] = /pid=(\d+)/.exec(await shell.see(/pid=\d+/)) ?? [];
  await shell.see("pact:node-001> ");
  process.kill(Number(pid), "SIGTERM");
  await shell.see("same");
  await shell.exited;
  await until(() => processesWith("pact:node-001").length === 0, "no session is left");
});

test("two shells at once: history of both is kept, secrets are not", async () => {
  const [one, two] = [await pact(), await pact()];
  await one.see("pact> ");
  await two.see("pact> ");
  one.type("whoami --token abc.def.ghi\r");
  two.type("status node-002 --output name\r");
  await one.see("[2] pact> ");
  await two.see("node-002");
  for (const shell of [one, two]) {
    shell.type("exit\r");
    await shell.exited;
  }
  const file = join(site.home, ".local/state/pact/history.jsonl");
  assert.ok(existsSync(file));
  assert.is(statSync(file).mode & 0o777, 0o600);
  const lines = readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line).line);
  assert.ok(lines.includes("status node-002 --output name"));
  assert.ok(lines.some((line) => line.startsWith("whoami --token")));
  assert.not.match(readFileSync(file, "utf8"), "abc.def.ghi");
});

test("two shells and twenty one-shots at once on one site all work", async () => {
  const [one, two] = [await pact(), await pact([], "ops")];
  await one.see("pact> ");
  await two.see("pact> ");
  const shots = Promise.all(Array.from({ length: 20 }, (_, n) =>
    site.pact(n % 2 === 0 ? ["status", "node-001", "--output", "name"] : ["exec", "node-001", "--", "cat", "/etc/hostname"], { user: "ops", deadlineMs: 60_000 })));
  for (const shell of [one, two]) {
    shell.type("exec node-001 -- echo first && status node-001 --output name && log -n 1 --output name\r");
  }
  for (const shell of [one, two]) {
    await shell.see("\nfirst", 30_000);
    await shell.see("\nnode-001", 30_000);
    await shell.see(/(?<!\] )pact> /, 30_000);
    shell.type("exit\r");
    assert.is((await shell.exited).exitCode, 0);
  }
  assert.equal((await shots).map(({ status, stdout }) => [status, stdout]), Array.from({ length: 20 }, () => [0, "node-001\n"]));
});

test("local commands: ! and pipes, without pact's secrets", async () => {
  const shell = await pact([], "ops");
  await shell.see("pact> ");
  shell.type("!echo token=[$PACT_TOKEN] tty=$(tty >/dev/null && echo yes)\r");
  await shell.see("token=[] tty=yes");
  await shell.see("pact> ");
  shell.type("status node-001 --output name | tr a-z A-Z\r");
  await shell.see("NODE-001");
  shell.type("status node-001 --output name | sh -c 'echo t=[$PACT_TOKEN]'\r");
  await shell.see("t=[]");
  shell.type("exit\r");
  await shell.exited;
});

test("a pasted token on the command line is not in the process list", async () => {
  const token = await site.token("ops");
  const { PACT_ENDPOINT: _, ...env } = await site.env();
  const watch = startPty(process.execPath, [MAIN, "--token", token, "watch"], { ...env, TERM: "xterm-256color" }, site.home);
  open.push(watch);
  await watch.see("Ctrl-C ends");
  const listed = execFileSync("ps", ["-o", "args=", "-p", String(watch.pid)], { encoding: "utf8" });
  assert.not.match(listed, token.slice(0, 40));
  watch.type("\u0003");
  assert.is((await watch.exited).exitCode, 0);
});

test.run();
