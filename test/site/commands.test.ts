// The site's commands, run as an operator runs them: the built program, a home of its own, no other settings.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { spawn as spawnPty } from "node-pty";
import { tempFolder } from "../support/folder.ts";
import { runPact, scrubbedEnv, startTestSite, type Ran } from "../support/site.ts";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));

/** What a program prints on a terminal, until it ends. */
const onTerminal = (words: readonly string[], env: Readonly<Record<string, string>>): Promise<{ text: string; code: number }> =>
  new Promise((resolve) => {
    const child = spawnPty(process.execPath, [MAIN, ...words], { cols: 120, env: { ...env, TERM: "xterm" } });
    let text = "";
    child.onData((data) => (text += data));
    child.onExit(({ exitCode }) => resolve({ text, code: exitCode }));
  });

function failed(ran: Ran, status: number, message: RegExp): void {
  assert.is(ran.status, status, ran.stderr);
  assert.match(ran.stderr, message);
  assert.is(ran.stdout, "");
}

test("without a site every command says where none runs and what starts one", async () => {
  const env = scrubbedEnv(tempFolder());
  for (const words of ["status", "down", "env", "token ops", "passwd ops", "verify", "clock show", "node stop node-001"]) {
    failed(await runPact(["site", ...words.split(" ")], env), 1, /^error: no site runs in \/.*\/pact\/site\n  try: pact site up\n$/);
  }
  const elsewhere = join(tempFolder(), "a b");
  failed(await runPact(["site", "status", "--dir", elsewhere], env), 1, /try: pact site up --dir '\/.*a b'\n$/);
});

test("a day of a site: up, up again, status, verify, down, up with the same ports, reset", async () => {
  const home = tempFolder();
  const env = scrubbedEnv(home);
  const dir = join(home, ".local/share/pact/site");
  const up = await runPact(["site", "up", "--port", "0", "--nodes", "1", "--detach"], env);
  assert.is(up.status, 0, up.stderr);
  assert.match(up.stdout, /^site up: journal http:\/\/127\.0\.0\.1:\d+, 2 nodes \(.* node-001\), embedded profile\n$/);
  const again = await runPact(["site", "up", "--detach"], env);
  assert.is(again.status, 0);
  assert.is(again.stdout, up.stdout);
  assert.match(again.stderr, /it runs already, as process \d+/);
  const status: unknown = JSON.parse((await runPact(["site", "status", "--output", "json"], env)).stdout);
  const fields = new Map(Object.entries(status ?? {}));
  assert.equal([fields.get("running"), fields.get("nodes_up"), fields.get("profile")], [true, 2, "embedded"]);
  const { made: _, ...file } = JSON.parse(readFileSync(join(dir, "site.json"), "utf8"));
  assert.equal(status, { ...file, running: true, nodes_up: 2 });
  assert.match((await runPact(["site", "verify"], env)).stdout, /^journal whole: \d+ entries, \d+ audit records\n$/);
  failed(await runPact(["site", "reset"], env), 1, /removes everything of the site in .*\n  try: pact site reset --yes/);
  failed(await runPact(["site", "reset", "--yes"], env), 1, /a site runs in .*\n  try: pact site down/);
  assert.is((await runPact(["site", "down"], env)).stdout, `site down: ${dir}\n`);
  const stopped = new Map(Object.entries(JSON.parse((await runPact(["site", "status", "--output", "json"], env)).stdout)));
  assert.equal([stopped.get("running"), stopped.get("nodes_up")], [false, 0]);
  assert.match((await runPact(["site", "verify"], env)).stdout, /^journal whole/);
  assert.is((await runPact(["site", "up", "--detach"], env)).stdout, up.stdout);
  await runPact(["site", "down"], env);
  assert.is((await runPact(["site", "reset", "--yes"], env)).stdout, `site removed: ${dir}\n`);
  assert.not(existsSync(dir));
});

test("env, token and passwd give what a shell, a file and the login page want", async () => {
  const site = await startTestSite({ nodes: 0 });
  const env = await site.env();
  const line = await site.pact(["site", "env", "--as", "ops"]);
  const sh = spawnSync("/bin/sh", ["-c", `${line.stdout}printf '%s %s' "$PACT_ENDPOINT" "$PACT_TOKEN"`], { env: {}, encoding: "utf8" });
  assert.match(sh.stdout, new RegExp(`^${site.file.journal.grpc} eyJ`));
  assert.is((await site.pact(["site", "env"])).stdout, `export PACT_ENDPOINT='${site.file.journal.grpc}'\n`);
  const service = (await site.pact(["site", "env", "--as", "pact-service"])).stdout;
  assert.match(service, /^export PACT_CLIENT_ID='pact-service'$/m);
  assert.match(service, /^export PACT_CLIENT_SECRET='.{16,}'$/m);
  failed(await site.pact(["site", "env", "--as", "nobody"]), 1, /no user "nobody"; it has admin/);
  assert.match((await site.pact(["site", "token", "ops"])).stdout, /^eyJ[\w-]+\.[\w-]+\.[\w-]+\n$/);
  await site.pact(["site", "passwd", "ops", "--set"], { input: "correct horse battery\n" });
  assert.is((await site.pact(["site", "passwd", "ops"])).stdout, "correct horse battery\n");
  await site.pact(["site", "passwd", "ops", "--set"]);
  assert.is.not((await site.pact(["site", "passwd", "ops"])).stdout, "correct horse battery\n");
  for (const words of [["site", "token", "ops"], ["site", "passwd", "ops"]]) {
    const refused = await onTerminal(words, env);
    assert.is(refused.code, 1);
    assert.match(refused.text, /would be shown on this terminal/);
    assert.not(/eyJ/.test(refused.text));
    assert.is((await onTerminal([...words, "--show"], env)).code, 0);
  }
  await site.close();
});

test("the clock moves only on a site that was started for it", async () => {
  const still = await startTestSite({ nodes: 0 });
  failed(await still.pact(["site", "clock", "advance", "5m"]), 1, /started? .*--test-clock|start it with `pact site up --test-clock`/);
  await still.close();
  const site = await startTestSite({ nodes: 0, testClock: true });
  const now = async (...words: string[]): Promise<number> =>
    Date.parse(String(new Map(Object.entries(JSON.parse((await site.pact(["site", "clock", ...words, "--output", "json"])).stdout))).get("now")));
  await site.pact(["site", "clock", "rate", "0"]);
  const before = await now("show");
  assert.is((await now("advance", "2d")) - before, 2 * 86_400_000);
  await site.close();
});

test("a node is added to site.toml and serves after the next start", async () => {
  const site = await startTestSite({ nodes: 1 });
  assert.match((await site.pact(["site", "node", "add", "gpu-1"])).stdout, /^gpu-1 added to ml-training\n/);
  failed(await site.pact(["site", "node", "add", "gpu-1"]), 1, /has a node gpu-1 already/);
  failed(await site.pact(["site", "node", "stop", "gpu-1"]), 1, /no node "gpu-1"/);
  await site.kill();
  writeFileSync(join(site.dir, "site.toml"), readFileSync(join(site.dir, "site.toml"), "utf8"));
  const ran = await site.pact(["site", "up", "--detach"]);
  assert.match(ran.stdout, /3 nodes \(.* node-001 gpu-1\)/);
  assert.is((await site.pact(["site", "down"])).status, 0);
});

test("in the foreground it says one line, serves until Ctrl-C, and leaves the folder free", async () => {
  const env = scrubbedEnv(tempFolder());
  const dir = join(tempFolder(), "site");
  const child = spawn(process.execPath, [MAIN, "site", "up", "--dir", dir, "--port", "0", "--nodes", "0"], { env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  let text = "";
  await new Promise<void>((resolve) => child.stdout.on("data", (data: Buffer) => {
    text += data.toString();
    if (text.includes("\n")) resolve();
  }));
  assert.match(text, /^site up: journal .*\n$/);
  const status = await runPact(["site", "status", "--dir", dir], env);
  assert.match(status.stdout, new RegExp(`process ${child.pid}`));
  child.kill("SIGINT");
  assert.is(await ended, 0);
  assert.not(existsSync(join(dir, "site.json")));
  assert.is(statSync(dir).mode & 0o777, 0o700);
});

test("a damaged journal is told, with exit 1", async () => {
  const site = await startTestSite({ nodes: 0 });
  await site.close();
  for (const name of ["data.mdb", "journal.mdb"]) {
    const file = join(site.dir, "journal", name);
    if (existsSync(file)) writeFileSync(file, "this is not a journal");
  }
  failed(await site.pact(["site", "verify"]), 1, /^error: the journal in .* is (?:damaged|not whole)/);
  failed(await site.pact(["site", "up", "--detach"]), 1, /^error: the site .*(?:start)/);
});

test.run();
