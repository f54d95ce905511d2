// What `npm pack` would ship: what an installed pact needs, and nothing of its making.
import { execFile } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { tempFolder } from "./support/folder.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
let files: readonly string[] = [];

test.before(async () => {
  const home = tempFolder();
  const { stdout } = await promisify(execFile)("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: ROOT, timeout: 25_000, maxBuffer: 16 * 1024 * 1024,
    env: { PATH: process.env["PATH"], HOME: home, npm_config_cache: `${home}/npm`, npm_config_update_notifier: "false" },
  });
  const packed: readonly { readonly files: readonly { readonly path: string }[] }[] = JSON.parse(stdout);
  files = packed[0]?.files.map(({ path }) => path) ?? [];
});

test("the package holds every program and interface that package.json names", () => {
  const { bin, exports }: { bin: Record<string, string>; exports: Record<string, string | Record<string, string>> } =
    JSON.parse(readFileSync(`${ROOT}/package.json`, "utf8"));
  const named = [...Object.values(bin), ...Object.values(exports).flatMap((entry) => (typeof entry === "string" ? [entry] : Object.values(entry)))];
  assert.equal(named.map((path) => path.replace(/^\.\//, "")).filter((path) => !files.includes(path)), []);
});

test("the package holds the wire contract, the documentation and the licence", () => {
  const wanted = ["proto/pact", "docs"].flatMap((dir) => readdirSync(`${ROOT}/${dir}`).map((name) => `${dir}/${name}`));
  assert.equal([...wanted, "README.md", "CHANGELOG.md", "LICENSE"].filter((path) => !files.includes(path)), []);
});

test("the package holds no tests, sources, scripts or installed packages", () => {
  const making = (path: string): boolean => /^(test|dist\/test|src|scripts|node_modules)\/|\.tgz$/.test(path) || (path.endsWith(".ts") && !path.endsWith(".d.ts"));
  assert.equal(files.filter(making), []);
});

test.run();
