// The documentation that is generated is what would be generated now, and what
// tables of contents say of commands is what the commands say.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FAILURES } from "../src/api/index.ts";
import { BUNDLED } from "../src/app/bundled.ts";
import { readConfig } from "../src/app/files.ts";
import { bind, declared } from "../src/core/bind.ts";
import { lex } from "../src/core/lexer.ts";
import { Registry } from "../src/core/registry.ts";
import { wordsFromArgv } from "../src/core/word.ts";
import { tempFolder } from "./support/folder.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const registry = new Registry();

test.before(async () => {
  for (const load of BUNDLED) registry.add((await load()).default);
});

test("docs/commands.md and the README's blocks are current", async () => {
  const script: { generated(): Promise<Record<string, string>> } = await import(pathToFileURL(join(root, "scripts/reference.mjs")).href);
  for (const [path, text] of Object.entries(await script.generated())) {
    assert.ok(readFileSync(join(root, path), "utf8") === text, `${path} is stale: node scripts/reference.mjs`);
  }
});

test("tables of contents say what the commands say", async () => {
  for (const { path, entry } of registry.all()) {
    const { default: command } = await entry.load();
    assert.is(entry.summary, command.summary, path);
    assert.is(entry.effect, command.effect, path);
    assert.ok(command.examples.length > 0, `${path} has an example`);
    assert.not.match(command.summary, /\.$/);
  }
});

test("every example finds its command and binds", async () => {
  for (const { path, entry } of registry.all()) {
    const { default: command } = await entry.load();
    for (const { line } of command.examples) {
      const [first = ""] = line.split(/ [|<>]/);
      const words = lex(first).tokens.flatMap((token) => (token.kind === "operator" ? [] : [token.text]));
      const found = registry.find(wordsFromArgv(words));
      // Two paths may be names of one command.
      assert.ok(found !== undefined && (await found.command.entry.load()).default === command, `${path}: ${line}`);
      bind(declared(path, command), found.rest);
    }
  }
});

test("the table of failures has the documented exit codes and no others", () => {
  const codes = [...new Set(Object.values(FAILURES).map(({ exit }) => exit))].sort((a, b) => a - b);
  assert.equal(codes, [1, 2, 3, 4, 5, 6, 10, 130]);
});

test("the README's cli.toml is understood, every key of it", async () => {
  const [, text = ""] = /```\n(endpoint = [^]*?)```/.exec(readFileSync(join(root, "README.md"), "utf8")) ?? [];
  const path = join(tempFolder(), "cli.toml");
  writeFileSync(path, text);
  const file = await readConfig(path);
  assert.equal(file?.warnings, []);
  assert.equal([...(file?.values.keys() ?? [])], ["endpoint", "agent_endpoint", "default_vcluster", "tls.ca_file", "tls.cert_file", "tls.key_file"]);
});

test.run();
