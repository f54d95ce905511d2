// docs/json.md against what the program prints: the page's own tables are the expectations.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { changeFile } from "./support/client.ts";
import { type TestSite, startTestSite } from "./support/site.ts";

interface Key {
  readonly path: string;
  readonly types: readonly string[];
}
interface Shape {
  readonly kind: string;
  readonly keys: Key[];
}

const PAGE = readFileSync(fileURLToPath(new URL("../../docs/json.md", import.meta.url)), "utf8");

/** The cells of a table between two markers, without its head. */
function cells(name: string): string[][] {
  const block = PAGE.split(`<!-- begin ${name} -->`)[1]?.split(`<!-- end ${name} -->`)[0] ?? "";
  return block.trim().split("\n").slice(2).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

const keyOf = (path = "", types = ""): Key => ({ path, types: types.split(", ") });

const shapes = new Map<string, Shape>();
for (const [command = "", kind = "", path, types] of cells("shapes")) {
  if (command !== "") shapes.set(command, { kind, keys: [] });
  [...shapes.values()].at(-1)?.keys.push(keyOf(path, types));
}
const failure: readonly Key[] = cells("failure").map(([path, types]) => keyOf(path, types));

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

function isOf(value: unknown, types: readonly string[]): boolean {
  return types.some((type) => type === "any" || (type === "time" ? typeof value === "string" && TIME.test(value) : typeOf(value) === type));
}

/** What is wrong with a value, as sentences; empty when it has every key with its type. */
function faults(value: unknown, keys: readonly Key[]): string[] {
  return keys.flatMap(({ path, types }) => faultsAt(value, path.split("."), path, types));
}

function faultsAt(value: unknown, [step = "", ...rest]: readonly string[], path: string, types: readonly string[]): string[] {
  if (typeof value !== "object" || value === null) return [`${path}: nothing to look into`];
  const name = step.replace(/\[\]$/, "");
  if (!(name in value)) return [`${path}: there is no ${name}`];
  const inner: unknown = Object.entries(value).find(([key]) => key === name)?.[1];
  if (rest.length === 0) return isOf(inner, types) ? [] : [`${path}: ${JSON.stringify(inner)} is not ${types.join(" or ")}`];
  // Whether null may stand here is another row's business.
  if (inner === null) return [];
  if (step === name) return faultsAt(inner, rest, path, types);
  return Array.isArray(inner) ? inner.flatMap((member: unknown) => faultsAt(member, rest, path, types)) : [`${path}: ${name} is no array`];
}

let site: TestSite;
test.before(async () => {
  site = await startTestSite();
  changeFile(site, "node-001", "etc/motd", "one\n");
  await site.pact(["commit", "-m", "one", "--node", "node-001"]);
  changeFile(site, "node-001", "etc/motd", "two\n");
  await site.pact(["exec", "node-001", "--", "uname"]);
});
test.after(async () => site.close());

/** How each command is run so that it has something to show, when its name alone does not do. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  completion: ["completion", "zsh"],
  diff: ["diff", "node-001"],
  commit: ["commit", "-m", "look", "--node", "node-001", "--dry-run"],
  extend: ["extend", "--node", "node-001"],
  cap: ["cap", "node-001"],
  exec: ["exec", "node-001", "--", "uname"],
  "site env": ["site", "env", "--as", "viewer"],
  "site token": ["site", "token", "viewer"],
};
/** A write of reg-a that waits; answers its id. */
async function requested(): Promise<string> {
  const { stdout, stderr } = await site.pact(["--output", "json", "commit", "-m", "two persons", "--vcluster", "sensitive-compute", "--no-wait"], { user: "reg-a" });
  const [row]: readonly { approval_id: string }[] = JSON.parse(stdout);
  assert.match(row?.approval_id ?? stderr, /^ap-/);
  return row?.approval_id ?? "";
}
/** Words of commands that need something to be there first. */
const PREPARED: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  "approve list": async () => (await requested(), ["approve", "list"]),
  "approve accept": async () => ["approve", "accept", await requested()],
  "approve deny": async () => ["approve", "deny", await requested(), "-m", "no"],
  "group show": async () => ["group", "show", "ml-training"],
};
/** These may have nothing to show in a run that is not interactive. */
const MAY_BE_EMPTY: ReadonlySet<string> = new Set(["history"]);

test("the page lists shapes and the shape of a failure", () => {
  assert.ok(shapes.size >= 15);
  assert.is(failure.length, 7);
});

for (const [command, { kind, keys }] of shapes) {
  if (kind === "lines") continue;
  test(`${command} prints what docs/json.md says`, async () => {
    const words = (await PREPARED[command]?.()) ?? WORDS[command] ?? command.split(" ");
    const { status, stdout, stderr } = await site.pact(["--output", "json", ...words]);
    assert.is(status, 0, stderr);
    const value: unknown = JSON.parse(stdout);
    assert.is(typeOf(value), kind);
    const all: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (!MAY_BE_EMPTY.has(command)) assert.ok(all.length > 0, "there is something to look at");
    assert.equal(all.flatMap((one) => faults(one, keys)), []);
  });
}

test("log shows a delta, so that its inner keys are really looked at", async () => {
  const { stdout } = await site.pact(["log", "--output", "json"]);
  const entries: readonly { delta: readonly unknown[] | null }[] = JSON.parse(stdout);
  assert.ok(entries.some(({ delta }) => delta !== null && delta.length > 0));
});

test("watch prints one object a line with the keys of the page", async () => {
  const { spawn } = await import("node:child_process");
  const main = fileURLToPath(new URL("../src/main.js", import.meta.url));
  const child = spawn(process.execPath, [main, "watch", "--since", "0", "--output", "json"], { env: await site.env(), stdio: ["ignore", "pipe", "ignore"] });
  const closed = new Promise((resolve) => child.once("close", resolve));
  const deadline = setTimeout(() => child.kill("SIGKILL"), 20_000);
  let text = "";
  for await (const part of child.stdout.setEncoding("utf8")) {
    text += String(part);
    if (text.includes("\n")) break;
  }
  child.kill("SIGINT");
  await closed;
  clearTimeout(deadline);
  assert.equal(faults(JSON.parse(text.split("\n", 1)[0] ?? ""), shapes.get("watch")?.keys ?? []), []);
});

for (const [words, status] of [[["nonsense"], 1], [["status", "no-such"], 1], [["exec", "node-001", "--", "rm", "x"], 6]] as const) {
  test(`${words.join(" ")} fails with the keys of the page, one line on stderr`, async () => {
    const ran = await site.pact(["--output", "json", ...words]);
    assert.is(ran.status, status);
    const lines = ran.stderr.trim().split("\n");
    assert.is(lines.length, 1);
    assert.equal(faults(JSON.parse(lines[0] ?? ""), failure), []);
  });
}

test("a wrong shape is noticed", () => {
  assert.is(faults({ drift: { count: "1" } }, [keyOf("drift.count", "number"), keyOf("missing", "string")]).length, 2);
});

test.run();
