// docs/wire.md against the code: metadata names, phrases of agents, checksums, services.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { execFailureName } from "../src/client/phrases.ts";
import * as metadata from "../src/contract/metadata.ts";
import { overlayChecksum } from "../src/site/journal/siphash.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PAGE = readFileSync(`${ROOT}/docs/wire.md`, "utf8");

/** Rows of a marked table, without its head and without backquotes. */
const table = (name: string): string[][] =>
  (PAGE.split(`<!-- begin ${name} -->`)[1]?.split(`<!-- end ${name} -->`)[0] ?? "").trim().split("\n").slice(2)
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim().replaceAll("`", "")));

test("each phrase of an agent means what the page says", () => {
  const phrases = table("exec-phrases");
  assert.ok(phrases.length > 10);
  assert.equal(phrases.map(([phrase = ""]) => [phrase, execFailureName(phrase)]), phrases);
});

test("the page names every header and trailer", () => {
  const names = Object.values(metadata).filter((name) => typeof name === "string");
  assert.ok(names.length > 5);
  assert.equal(names.filter((name) => !PAGE.includes(`| \`${name}\` |`)), []);
});

test("the checksums of the page are those of the code", () => {
  const bytes: Readonly<Record<string, Uint8Array>> = {
    none: Buffer.alloc(0), "01 02 03": Buffer.of(1, 2, 3), "01 02 03 04": Buffer.of(1, 2, 3, 4), pact: Buffer.from("pact"), "{}": Buffer.from("{}"), "100 zero bytes": Buffer.alloc(100),
  };
  const rows = table("checksums");
  assert.is(rows.length, Object.keys(bytes).length);
  assert.equal(rows.map(([name = ""]) => [name, overlayChecksum(bytes[name] ?? Buffer.from("unknown"))]), rows);
});

test("the page lists every call of the contract", () => {
  const calls = ["journal", "policy", "stream", "enrollment", "shell", "site"].flatMap((file) =>
    [...readFileSync(`${ROOT}/proto/pact/${file}.proto`, "utf8").matchAll(/^ {2}rpc (\w+)/gm)].map(([, name = ""]) => name));
  assert.ok(calls.length > 25);
  const services = PAGE.split("## Services")[1]?.split("## Metadata")[0] ?? "";
  assert.equal(calls.filter((name) => !new RegExp(`\\b${name}\\b`).test(services)), []);
});

test.run();
