// History on disk and in memory: modes, secrets, several shells, damage, trimming.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync, appendFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { History } from "../../src/repl/history.ts";

const test = suite("history", { dir: "", path: "" });
test.before.each((context) => {
  context.dir = mkdtempSync(join(tmpdir(), "pact-history-"));
  context.path = join(context.dir, "state", "pact", "history.jsonl");
});
test.after.each((context) => rmSync(context.dir, { recursive: true, force: true }));

const NOWHERE = { vcluster: undefined, node: undefined };
const mode = (path: string): number => statSync(path).mode & 0o777;
const records = (path: string): Record<string, unknown>[] =>
  readFileSync(path, "utf8").split("\n").filter((line) => line !== "").map((line): Record<string, unknown> => JSON.parse(line));

test("a record says what ran, where, when and how it went", ({ path }) => {
  const history = new History({ path, session: "s1", now: () => new Date("2026-11-23T07:00:00Z") });
  history.begin("status node-001", { vcluster: "ml-training", node: "node-001" }).finish(6, 41.6);
  assert.equal(records(path), [
    { line: "status node-001", time: "2026-11-23T07:00:00.000Z", vcluster: "ml-training", node: "node-001", exit: 6, duration_ms: 42, session: "s1" },
  ]);
});

test("the file is 0600 in a folder that is 0700", ({ path }) => {
  new History({ path }).begin("status", NOWHERE).finish(0, 1);
  assert.equal([mode(path), mode(join(path, ".."))], [0o600, 0o700]);
});

test("looser modes are put right with one notice", ({ path }) => {
  mkdirSync(join(path, ".."), { recursive: true });
  chmodSync(join(path, ".."), 0o755);
  writeFileSync(path, "", { mode: 0o644 });
  chmodSync(path, 0o644);
  const said: string[] = [];
  const history = new History({ path, warn: (text) => said.push(text) });
  history.begin("status", NOWHERE).finish(0, 1);
  history.begin("log", NOWHERE).finish(0, 1);
  assert.equal([mode(path), mode(join(path, ".."))], [0o600, 0o700]);
  assert.is(said.length, 1);
});

test("a folder that is not pact's keeps its mode", ({ dir }) => {
  const shared = join(dir, "shared");
  mkdirSync(shared);
  chmodSync(shared, 0o1777);
  new History({ path: join(shared, "history.jsonl") }).begin("status", NOWHERE).finish(0, 1);
  assert.equal([statSync(shared).mode & 0o7777, mode(join(shared, "history.jsonl"))], [0o1777, 0o600]);
});

test("the next shell knows the lines of this one", ({ path }) => {
  const first = new History({ path });
  first.begin("status", NOWHERE).finish(0, 1);
  first.begin("log -n 3", NOWHERE).finish(1, 1);
  const second = new History({ path });
  assert.equal(second.texts(), ["status", "log -n 3"]);
  assert.equal(second.lines().map(({ n, line, exit }) => [n, line, exit]), [[1, "status", 0], [2, "log -n 3", 1]]);
});

test("a line is there for the arrows while it runs", ({ path }) => {
  const history = new History({ path });
  const open = history.begin("watch", NOWHERE);
  assert.equal(history.texts(), ["watch"]);
  assert.not(existsSync(path));
  open.finish(null, 5);
  open.finish(0, 6);
  assert.equal(records(path).map(({ exit }) => exit), [null]);
});

test("a line that begins with a blank stays in memory", ({ path }) => {
  const history = new History({ path });
  history.begin(" login --quietly", NOWHERE).finish(0, 1);
  assert.equal(history.texts(), [" login --quietly"]);
  assert.not(existsSync(path));
});

test("private mode keeps lines in memory, and can be left", ({ path }) => {
  const history = new History({ path });
  const turning = history.begin("history private on", NOWHERE);
  history.setPrivate(true);
  turning.finish(0, 1);
  history.begin("secret thing", NOWHERE).finish(0, 1);
  const back = history.begin("history private off", NOWHERE);
  history.setPrivate(false);
  back.finish(0, 1);
  history.begin("status", NOWHERE).finish(0, 1);
  assert.equal(records(path).map(({ line }) => line), ["status"]);
  assert.is(history.texts().length, 4);
});

test("secrets are masked on disk and in listings, and kept for the arrows of this shell", ({ path }) => {
  const history = new History({ path });
  history.begin("status --token abc123", NOWHERE).finish(0, 1);
  assert.equal(records(path).map(({ line }) => line), ["status --token ***"]);
  assert.equal(history.lines().map(({ line }) => line), ["status --token ***"]);
  assert.equal(history.texts(), ["status --token abc123"]);
});

test("damaged lines are skipped, and a line cut off by a crash takes no other with it", ({ path }) => {
  new History({ path }).begin("one", NOWHERE).finish(0, 1);
  appendFileSync(path, 'nonsense\n{"line":7}\n[]\nnull\n{"line":"no time"}\n\0\xff\n{"line":"cut off');
  new History({ path }).begin("two", NOWHERE).finish(0, 1);
  assert.equal(new History({ path }).texts(), ["one", "two"]);
});

test("what is not a file, or cannot be written, is said once and memory serves", ({ path, dir }) => {
  mkdirSync(path, { recursive: true });
  const said: string[] = [];
  const history = new History({ path, warn: (text) => said.push(text) });
  history.begin("one", NOWHERE).finish(0, 1);
  history.begin("two", NOWHERE).finish(0, 1);
  assert.equal(history.texts(), ["one", "two"]);
  assert.ok(said.some((text) => text.includes("history stays in memory")));
  assert.is(said.filter((text) => text.includes("history stays in memory")).length, 1);
  symlinkSync("nowhere/at/all", join(dir, "dangling"));
  const dangling = new History({ path: join(dir, "dangling"), warn: (text) => said.push(text) });
  dangling.begin("x", NOWHERE).finish(0, 1);
  assert.equal(dangling.texts(), ["x"]);
});

test("without a path nothing is written", () => {
  const history = new History({ path: undefined });
  history.begin("one", NOWHERE).finish(0, 1);
  assert.equal(history.texts(), ["one"]);
});

const helper = fileURLToPath(new URL("./support/append-history.js", import.meta.url));
const append = async (path: string, name: string, count: number): Promise<void> => {
  const child = spawn(process.execPath, [helper, path, name, String(count)], { stdio: ["ignore", "inherit", "inherit"] });
  assert.equal(await once(child, "exit"), [0, null]);
};

test("shells that write at once lose nothing, also while one of them trims", async ({ path }) => {
  // Enough old lines that whoever loads the file trims it.
  mkdirSync(join(path, ".."), { recursive: true, mode: 0o700 });
  const old = (at: number): string => `${JSON.stringify({ line: `old ${at}`, time: new Date(at).toISOString(), exit: 0, session: "o" })}\n`;
  writeFileSync(path, Array.from({ length: 11_500 }, (_, at) => old(at)).join(""), { mode: 0o600 });
  const names = ["a", "b", "c", "d", "e", "f"];
  await Promise.all(names.map((name) => append(path, name, 100)));
  const lines = new Set(records(path).map(({ line }) => line));
  for (const name of names) for (let at = 0; at < 100; at++) assert.ok(lines.has(`${name} ${at}`), `${name} ${at} is lost`);
  assert.is.not(lines.has("old 0"), true);
  assert.ok(lines.has("old 11499"));
  assert.ok(lines.size <= 10_600, `${lines.size} lines`);
  assert.equal([mode(path), existsSync(`${path}.lock`), existsSync(`${path}.new`)], [0o600, false, false]);
});

test("a lock that a crash left behind is taken away", ({ path }) => {
  mkdirSync(join(path, ".."), { recursive: true, mode: 0o700 });
  const record = (at: number): string => `${JSON.stringify({ line: `l ${at}`, time: new Date(at).toISOString(), session: "o" })}\n`;
  writeFileSync(path, Array.from({ length: 12_000 }, (_, at) => record(at)).join(""), { mode: 0o600 });
  writeFileSync(`${path}.lock`, "");
  assert.is(new History({ path }).texts().length, 10_000);
  assert.is(records(path).length, 12_000, "another shell holds the lock");
  const old = new Date(Date.now() - 120_000);
  // As if the shell that took it had died two minutes ago.
  utimesSync(`${path}.lock`, old, old);
  new History({ path }).texts();
  new History({ path }).texts();
  assert.is(records(path).length, 10_000);
});

test.run();
