// Names kept for Tab: what is stored, what is believed, and that nothing about it can go wrong loudly.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Answer, type KnownNode, keepNames, keptNames } from "../../src/app/name-cache.ts";
import { tempFolder } from "../support/folder.ts";

const ENDPOINT = "http://journal:9443";
const NOW = Date.now();
const node = (nodeId: string, vcluster: string | null = "ml"): KnownNode => ({ nodeId, vcluster });
const answer = (nodes: readonly KnownNode[], more: Partial<Answer> = {}): Answer => ({ endpoint: ENDPOINT, principal: "ops", filter: {}, nodes, ...more });
const ids = (folder: string, endpoint = ENDPOINT, principal?: string): string[] => keptNames(folder, endpoint, principal).map(({ nodeId }) => nodeId);
const fileIn = (folder: string): string => join(folder, readdirSync(folder).find((name) => name.startsWith("names-")) ?? "none");

/** A folder with one good file in it. */
function kept(): { folder: string; path: string } {
  const folder = join(tempFolder(), "pact");
  keepNames(folder, answer([node("node-001"), node("spare", null)]), NOW);
  return { folder, path: fileIn(folder) };
}

test("names are kept by server and principal, in a private file", () => {
  const { folder, path } = kept();
  assert.equal(keptNames(folder, "HTTP://Journal:9443/", "ops"), [node("node-001"), node("spare", null)]);
  assert.is(statSync(path).mode & 0o777, 0o600);
  assert.is(statSync(folder).mode & 0o777, 0o700);
  assert.equal(ids(folder, "http://other:9443"), []);
  assert.equal(ids(folder, ENDPOINT, "viewer"), []);
  assert.equal(ids(folder, "not a server at all ://"), []);
});

test("who last used a server is asked about when nobody says who", () => {
  const { folder, path } = kept();
  keepNames(folder, answer([node("seen-by-viewer")], { principal: "viewer" }), NOW);
  utimesSync(path, NOW / 1000 - 100, NOW / 1000 - 100);
  assert.equal(ids(folder), ["seen-by-viewer"]);
  assert.equal(ids(folder, ENDPOINT, "ops"), ["node-001", "spare"]);
});

test("the same names are written again only after a minute", () => {
  const { folder, path } = kept();
  const first = statSync(path).ino;
  keepNames(folder, answer([node("spare", null), node("node-001")]), NOW + 30_000);
  assert.is(statSync(path).ino, first);
  keepNames(folder, answer([node("spare", null), node("node-001")]), NOW + 90_000);
  assert.is.not(statSync(path).ino, first);
  keepNames(folder, answer([node("node-002")]), NOW + 91_000);
  assert.equal(ids(folder), ["node-002"]);
});

test("an answer about one vCluster changes the names of that one; one about a state changes none", () => {
  const { folder } = kept();
  keepNames(folder, answer([node("new", "dev")], { filter: { vcluster: "dev" } }), NOW);
  assert.equal(ids(folder), ["new", "node-001", "spare"]);
  keepNames(folder, answer([node("node-009")], { filter: { vcluster: "ml" } }), NOW);
  assert.equal(ids(folder), ["new", "node-009", "spare"]);
  keepNames(folder, answer([], { filter: { state: "active" } }), NOW);
  keepNames(folder, answer([], { filter: { unassigned: true } }), NOW);
  assert.equal(ids(folder), ["new", "node-009", "spare"]);
});

test("names that are no ids are not stored, nor more than twenty thousand", () => {
  const folder = tempFolder();
  keepNames(folder, answer([node("good"), node("$(touch x)"), node("a b"), node("-n"), node("\u001b[2J"), node("x".repeat(64)), node("odd", "$(x)")]), NOW);
  assert.equal(keptNames(folder, ENDPOINT), [node("good"), node("odd", null)]);
  keepNames(folder, answer(Array.from({ length: 20_500 }, (_, at) => node(`n${String(at).padStart(6, "0")}`, "v".repeat(63)))), NOW);
  assert.is(keptNames(folder, ENDPOINT).length, 20_000);
});

test("a file that is damaged, huge, a link, a pipe or open to others is none", () => {
  const hostile: readonly ((path: string) => void)[] = [
    (path) => writeFileSync(path, readFileSync(path, "utf8").slice(0, -9)),
    (path) => writeFileSync(path, ""),
    (path) => writeFileSync(path, "null"),
    (path) => writeFileSync(path, '{"version":2,"nodes":[["a","b"]]}'),
    (path) => writeFileSync(path, '{"version":1,"nodes":[["a","b"],["$(touch x)","b"]]}'),
    (path) => writeFileSync(path, '{"version":1,"nodes":[["a","b\\n"]]}'),
    (path) => writeFileSync(path, '{"version":1,"nodes":{"length":1}}'),
    (path) => writeFileSync(path, Buffer.alloc(5 * 1024 * 1024, " ")),
    (path) => chmodSync(path, 0o622),
    (path) => {
      renameSync(path, `${path}.elsewhere`);
      symlinkSync(`${path}.elsewhere`, path);
    },
    (path) => {
      rmSync(path);
      assert.is(spawnSync("mkfifo", [path]).status, 0);
    },
    (path) => {
      rmSync(path);
      mkdirSync(path);
    },
  ];
  for (const damage of hostile) {
    const { folder, path } = kept();
    damage(path);
    assert.equal(ids(folder), [], String(damage));
    assert.equal(ids(folder, ENDPOINT, "ops"), [], String(damage));
    keepNames(folder, answer([node("again")]), NOW);
    if (!existsSync(join(path, "."))) assert.equal(ids(folder), ["again"], String(damage));
  }
});

(process.getuid?.() === 0 ? test : test.skip)("a file of somebody else is none", () => {
  const { folder, path } = kept();
  chownSync(path, 65534, 65534);
  assert.equal(ids(folder), []);
});

test("a place that cannot be written, or is no folder, is done without", () => {
  const place = join(tempFolder(), "file");
  writeFileSync(place, "");
  keepNames(place, answer([node("a")]), NOW);
  keepNames("/proc/pact", answer([node("a")]), NOW);
  assert.equal(ids(place), []);
});

test("what cut-off runs left is cleared, and the oldest files go when there are many", () => {
  const { folder, path } = kept();
  writeFileSync(`${path}.0badf00d`, "half");
  utimesSync(`${path}.0badf00d`, NOW / 1000 - 3600, NOW / 1000 - 3600);
  utimesSync(path, NOW / 1000 - 3600, NOW / 1000 - 3600);
  for (let at = 0; at < 25; at++) keepNames(folder, answer([node("a")], { endpoint: `http://s${at}:1` }), NOW);
  assert.is(readdirSync(folder).length, 20);
  assert.not.ok(existsSync(path));
});

test("many writers at once leave a whole file, and none of their own", async () => {
  const { folder } = kept();
  const script = `const { keepNames } = await import(${JSON.stringify(new URL("../../src/app/name-cache.js", import.meta.url).href)});
    for (let n = 0; n < 60; n++) keepNames(${JSON.stringify(folder)}, { endpoint: "${ENDPOINT}", principal: "ops", filter: {},
      nodes: Array.from({ length: 500 }, (_, at) => ({ nodeId: "w" + process.pid + "-" + n + "-" + at, vcluster: "ml" })) }, Date.now());`;
  const writers = Array.from({ length: 4 }, () => spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" }));
  let over = false;
  const done = Promise.all(writers.map((child) => once(child, "exit"))).then((all) => {
    over = true;
    return all.map(([code]) => code);
  });
  const seen = new Set<number>();
  while (!over) {
    seen.add(keptNames(folder, ENDPOINT).length);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(await done, [0, 0, 0, 0]);
  assert.equal([...seen].filter((length) => length !== 2 && length !== 500), []);
  assert.is(keptNames(folder, ENDPOINT).length, 500);
  assert.is(readdirSync(folder).length, 1);
});

test.run();
