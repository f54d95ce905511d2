// A login that ends under an open shell: reads go on after a new login, anything else asks, and
// nothing happens in scripts, for roles, or where a login would not help.
import { spawn } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Pty, startPty } from "../repl/support/pty.ts";
import { until } from "../repl/support/sinks.ts";
import { tempFolder } from "../support/folder.ts";
import { type Handed, handedPages, typePassword } from "../support/handed.ts";
import { type TestSite, runPact, scrubbedEnv, startTestSite } from "../support/site.ts";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
let site: TestSite;
const open: Pty[] = [];

test.before(async () => {
  site = await startTestSite({ nodes: 1, bare: true });
});
test.after(async () => {
  for (const pty of open) pty.close();
  await site.close();
});

interface Operator {
  readonly env: Record<string, string>;
  readonly pages: Handed;
  readonly user: string;
}

async function answerPage({ pages, user }: Operator): Promise<void> {
  let address: string | undefined;
  await until(() => (address = pages.take()) !== undefined, "pact opens the login page");
  const password = (await site.pact(["site", "passwd", user])).stdout.trim();
  assert.match((await typePassword(address ?? "", user, password)).text, /You are logged in/);
}

/** Somebody who has logged in with a folder of their own. */
async function loggedIn(user: string): Promise<Operator> {
  const pages = handedPages();
  const operator = { user, pages, env: { ...scrubbedEnv(site.home), XDG_CONFIG_HOME: tempFolder(), BROWSER: pages.program } };
  const child = spawn(process.execPath, [MAIN, "login"], { env: operator.env, stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("close", resolve));
  await answerPage(operator);
  assert.is(await ended, 0);
  return operator;
}

/** Ends the login as an administrator does: the provider knows its refresh token no more, and the token's time is over. */
function endLogin({ env }: Operator, change: (login: { readonly access_token: string }) => object = () => ({ expires_at: "2026-01-01T00:00:00Z" })): void {
  const dir = join(env["XDG_CONFIG_HOME"] ?? "", "pact/auth");
  const path = join(dir, readdirSync(dir).find((name) => name.endsWith(".json")) ?? "none");
  const login: { readonly access_token: string } = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify({ ...login, refresh_token: "revoked", ...change(login) }));
}

/** A token with a signature that no key has made. */
const forged = (token: string): string => `${token.replace(/[^.]*$/, "")}${"A".repeat(342)}`;

async function shellOf({ env }: Operator, more: Readonly<Record<string, string>> = {}): Promise<Pty> {
  const pty = startPty(process.execPath, [MAIN], { ...env, TERM: "xterm-256color", ...more }, site.home);
  open.push(pty);
  await pty.see("pact> ");
  return pty;
}

async function leave(shell: Pty): Promise<void> {
  shell.type("exit\r");
  assert.is((await shell.exited).exitCode, 0);
}

test("a read waits for the new login and goes on by itself", async () => {
  const ops = await loggedIn("ops");
  const shell = await shellOf(ops);
  shell.type("status node-001 --output name\r");
  await shell.see(/\nnode-001/);
  await shell.see("pact> ");
  endLogin(ops);
  shell.type("status node-001 --output name | cat\r");
  await shell.see(/your login at http:\/\/127\.0\.0\.1:\d+ has expired: logging in again/);
  await answerPage(ops);
  await shell.see("logged in as ops (pact-ops-ml-training)");
  await shell.see(/\nnode-001/);
  await shell.see("pact> ");
  shell.type("whoami --fields token_source\r");
  await shell.see("login cache");
  await leave(shell);
});

test("a write asks after the new login: no by default, and yes runs it once", async () => {
  const ops = await loggedIn("ops");
  const shell = await shellOf(ops);
  endLogin(ops);
  shell.type('commit -m "asked first" --vcluster ml-training\r');
  await shell.see("logging in again");
  await answerPage(ops);
  await shell.see("commit has not run yet: run it now? [y/N]");
  shell.type("\r");
  await shell.see("commit was not run");
  await shell.see("[130] pact> ");
  endLogin(ops);
  shell.type('commit -m "asked in vain" --vcluster ml-training\r');
  await shell.see("logging in again");
  await answerPage(ops);
  await shell.see("run it now? [y/N]");
  shell.type("\u0003");
  await shell.see("[130] pact> ");
  endLogin(ops);
  shell.type('commit -m "asked again" --vcluster ml-training\r');
  await shell.see("logging in again");
  await answerPage(ops);
  await shell.see("run it now? [y/N]");
  shell.type("y\r");
  await shell.see(/ml-training: committed seq \d+/);
  await shell.see("pact> ");
  const { stdout } = await site.pact(["log"], { user: "ops" });
  assert.is([...stdout.matchAll(/COMMIT .* by ops {2}asked (first|in vain|again)/g)].map(([, which]) => which).join(), "again");
  await leave(shell);
});

test("a login that looks good but that the servers refuse is replaced too, also for commands that answer node by node", async () => {
  const ops = await loggedIn("ops");
  const shell = await shellOf(ops);
  for (const [line, question] of [["status node-001 --output name", ""], ["exec node-001 -- uname -s", "run it now? [y/N]"]] as const) {
    endLogin(ops, ({ access_token }) => ({ access_token: forged(access_token) }));
    shell.type(`${line}\r`);
    await shell.see("logging in again");
    await answerPage(ops);
    if (question !== "") {
      await shell.see(question);
      shell.type("y\r");
    }
    await shell.see(question === "" ? /\nnode-001/ : "Linux\r\n");
    await shell.see(/(?<!\] )pact> /);
  }
  await leave(shell);
});

test("Ctrl-C instead of a login leaves the line with 130 and nothing run; logout leads on", async () => {
  const ops = await loggedIn("ops");
  const shell = await shellOf(ops);
  endLogin(ops);
  shell.type('commit -m "never" --vcluster ml-training\r');
  await shell.see("Ctrl-C cancels");
  shell.type("\u0003");
  await shell.see("[130] pact> ");
  assert.not.match((await site.pact(["log"], { user: "ops" })).stdout, /never/);
  shell.type("logout\r");
  await shell.see("a token remains in site default user");
  shell.type("whoami --fields principal\r");
  await shell.see(/principal[^\n]*admin/);
  await leave(shell);
});

test("a role that does not allow something is no reason to log in", async () => {
  const viewer = await loggedIn("viewer");
  const shell = await shellOf(viewer);
  shell.type("commit -m no --vcluster ml-training\r");
  await shell.see("[2] pact> ");
  assert.not.match(shell.text(), /logging in again/);
  assert.is(viewer.pages.take(), undefined);
  await leave(shell);
});

test("a token that a login does not replace is named, in the shell and outside", async () => {
  const ops = await loggedIn("ops");
  const foreign = forged(await site.token("ops"));
  const shell = await shellOf(ops, { PACT_TOKEN: foreign });
  shell.type("status node-001\r");
  await shell.see("it is the token from PACT_TOKEN, which a login does not replace");
  await shell.see("try: unset PACT_TOKEN");
  await shell.see("[2] pact> ");
  assert.is(ops.pages.take(), undefined);
  await leave(shell);
  const once = await runPact(["status", "node-001", "--token", foreign], ops.env);
  assert.is(once.status, 2);
  assert.match(once.stderr, /it is the token from --token, which a login does not replace\n {2}try: leave out --token/);
});

test("one command and a script never wait for a login: 2, and how to log in", async () => {
  const ops = await loggedIn("ops");
  endLogin(ops);
  // Away from the site's own folder no other token is there to take.
  const env = { ...ops.env, XDG_DATA_HOME: tempFolder(), PACT_ENDPOINT: site.file.journal.grpc };
  for (const ran of [await runPact(["status", "node-001"], env), await runPact([], env, "status node-001\n")]) {
    assert.is(ran.status, 2);
    assert.match(ran.stderr, /not logged in[\s\S]*try: pact login/);
  }
  assert.is(ops.pages.take(), undefined);
});

test.run();
