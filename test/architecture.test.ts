// Who may import whom, as data, checked against every import in the sources.
import { readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";

const root = fileURLToPath(new URL("../..", import.meta.url));
const src = join(root, "src");

interface Rule {
  /** Folders below src/ that may be imported, besides the folder itself. */
  readonly folders: readonly string[];
  readonly packages: readonly string[];
}

/** The longest matching key holds. A file's own folder is always allowed. */
const RULES: Readonly<Record<string, Rule>> = {
  "main.ts": { folders: ["app"], packages: [] },
  api: { folders: [], packages: [] },
  contract: { folders: [], packages: ["@grpc/grpc-js", "protobufjs/light.js"] },
  core: { folders: ["api"], packages: ["fuzzy", "valibot"] },
  render: { folders: ["api", "core"], packages: ["fast-string-width", "yaml"] },
  "render/theme.ts": { folders: [], packages: ["chalk"] },
  client: { folders: ["api", "contract"], packages: ["@grpc/grpc-js", "protobufjs"] },
  auth: { folders: ["api", "contract"], packages: ["openid-client"] },
  builtins: { folders: [], packages: ["pact/api"] },
  "repl/plugin.ts": { folders: [], packages: ["pact/api"] },
  "repl/commands": { folders: [], packages: ["pact/api"] },
  repl: { folders: ["api", "core", "render"], packages: ["node-pty", "fast-string-width"] },
  app: { folders: ["api", "core", "render", "contract", "client", "auth", "repl", "builtins"], packages: [] },
  "app/bundled.ts": { folders: ["api", "builtins", "repl", "site"], packages: [] },
  "app/files.ts": { folders: ["api", "core"], packages: ["smol-toml"] },
  "app/ask.ts": { folders: ["api"], packages: ["enquirer"] },
  testing: { folders: ["api", "core", "render"], packages: [] },
  site: { folders: ["contract"], packages: ["@grpc/grpc-js", "smol-toml", "lmdb", "oidc-provider", "jose"] },
  "site/agent": { folders: ["contract", "site"], packages: ["@grpc/grpc-js", "node-pty"] },
  "site/plugin.ts": { folders: [], packages: ["pact/api"] },
  "site/commands": { folders: ["contract", "site"], packages: ["pact/api"] },
};

function* sources(dir: string): Generator<string> {
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    if (path === join(src, "contract/gen")) continue;
    if (statSync(path).isDirectory()) yield* sources(path);
    else if (name.endsWith(".ts")) yield path;
  }
}

const IMPORT = /(?:\bfrom\s+|\bimport\s*\(\s*|\bimport\s+)"([^"]+)"/g;

function ruleFor(file: string): [string, Rule] {
  const keys = Object.keys(RULES).filter((key) => file === key || file.startsWith(`${key}/`));
  const key = keys.sort((a, b) => b.length - a.length)[0];
  assert.ok(key !== undefined, `no import rule for src/${file}`);
  return [key, RULES[key] as Rule];
}

const folderOf = (file: string): string => file.split("/")[0] ?? "";

function wrongImports(path: string): string[] {
  const file = relative(src, path);
  const [, rule] = ruleFor(file);
  const wrong: string[] = [];
  for (const [, specifier = ""] of readFileSync(path, "utf8").matchAll(IMPORT)) {
    if (specifier.startsWith("node:")) continue;
    if (specifier.startsWith(".")) {
      const target = relative(src, resolve(dirname(path), specifier));
      const folder = folderOf(target);
      if (folder !== folderOf(file) && !rule.folders.includes(folder)) wrong.push(`${file} imports ${target}`);
      continue;
    }
    if (!rule.packages.includes(specifier)) wrong.push(`${file} imports package ${specifier}`);
  }
  return wrong;
}

test("every import is one its folder may make", () => {
  assert.equal([...sources(src)].flatMap(wrongImports), []);
});

test("commands stay behind pact/api and their own folder", () => {
  const strays: string[] = [];
  for (const path of [...sources(join(src, "builtins"))]) {
    for (const [, specifier = ""] of readFileSync(path, "utf8").matchAll(IMPORT)) {
      const inside = specifier.startsWith(".") && resolve(dirname(path), specifier).startsWith(join(src, "builtins"));
      if (specifier !== "pact/api" && !inside) strays.push(`${relative(src, path)}: ${specifier}`);
    }
  }
  assert.equal(strays, []);
});

test("the client and the site never meet", () => {
  const meetings: string[] = [];
  for (const [folder, other] of [["client", "site"], ["site", "client"], ["site", "app"], ["site", "core"], ["site", "auth"]] as const) {
    for (const path of [...sources(join(src, folder))]) {
      if (new RegExp(`from "[./]*/${other}/`).test(readFileSync(path, "utf8"))) meetings.push(`${relative(src, path)} → ${other}`);
    }
  }
  assert.equal(meetings, []);
});

test("nothing but the edge prints or ends the process", () => {
  const loud: string[] = [];
  for (const path of [...sources(src)]) {
    const file = relative(src, path);
    const text = readFileSync(path, "utf8");
    if (/\bconsole\./.test(text)) loud.push(`${file}: console`);
    if (/process\.exit\(/.test(text) && file !== "main.ts" && file !== "site/daemon.ts") loud.push(`${file}: process.exit`);
  }
  assert.equal(loud, []);
});

test("there is no folder or file for things without a home", () => {
  const homeless = [...sources(src)].map((path) => relative(src, path)).filter((file) => /(^|\/)(utils?|helpers?|types|common|misc)(\.ts|\/)/.test(file));
  assert.equal(homeless, []);
});

test("every file begins by saying what it owns, or is a command", () => {
  const silent = [...sources(src)].filter((path) => {
    const text = readFileSync(path, "utf8");
    return !/^(#!.*\n)?\/\//.test(text) && !/^(builtins|.*\bcommands)\//.test(relative(src, path));
  }).map((path) => relative(src, path));
  assert.equal(silent, []);
});

test.run();
