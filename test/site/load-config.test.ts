// site.toml on disk: written once, then kept.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { addNode, loadConfig } from "../../src/site/load-config.ts";
import { sitePaths } from "../../src/site/paths.ts";
import { tempFolder } from "../support/folder.ts";

const names = (dir: string, nodes?: number): string[] =>
  loadConfig(sitePaths(dir), nodes).config.nodes.filter((node) => node.kind === "virtual").map((node) => node.name);

test("a first start writes the file, a second reads it", () => {
  const dir = tempFolder();
  assert.equal(names(dir), ["node-001", "node-002"]);
  const { config } = sitePaths(dir);
  assert.is(statSync(config).mode & 0o777, 0o600);
  const text = readFileSync(config, "utf8");
  assert.match(text, /^# The embedded site/);
  writeFileSync(config, `${text}\n# mine\n`);
  assert.equal(names(dir), ["node-001", "node-002"]);
  assert.match(readFileSync(config, "utf8"), /# mine/);
});

test("asking for more nodes adds them and keeps the rest; asking for fewer keeps all and says so", () => {
  const dir = tempFolder();
  names(dir, 2);
  assert.equal(names(dir, 4), ["node-001", "node-002", "node-003", "node-004"]);
  const loaded = loadConfig(sitePaths(dir), 1);
  assert.is(loaded.config.nodes.length, 5);
  assert.match(loaded.notes[0] ?? "", /keeps its 4 virtual nodes/);
});

test("a broken file is named with its line and left alone", () => {
  const dir = tempFolder();
  const { config } = sitePaths(dir);
  writeFileSync(config, "[site]\ndefault_user = \n");
  assert.throws(() => names(dir), /site\.toml:2: /);
  assert.is(readFileSync(config, "utf8"), "[site]\ndefault_user = \n");
});

test("a node is added once, to a vCluster that is there", () => {
  const dir = tempFolder();
  names(dir, 1);
  assert.is(addNode(sitePaths(dir), "gpu-1", undefined), "ml-training");
  assert.is(addNode(sitePaths(dir), "gpu-2", "dev-sandbox"), "dev-sandbox");
  assert.throws(() => addNode(sitePaths(dir), "gpu-1", undefined), /has a node gpu-1 already/);
  assert.throws(() => addNode(sitePaths(dir), "gpu-3", "nowhere"), /no vCluster nowhere/);
  assert.equal(names(dir), ["node-001", "gpu-1", "gpu-2"]);
});

test.run();
