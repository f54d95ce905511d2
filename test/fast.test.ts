// The bundled entry against the one that tests use: same words, same answer, same exit status; and a code
// cache that is damaged, foreign or cannot be written changes nothing but the time it takes.
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { tempFolder } from "./support/folder.ts";
import { type Ran, type TestSite, runPact, scrubbedEnv, startTestSite } from "./support/site.ts";

const FAST = fileURLToPath(new URL("../src/fast.cjs", import.meta.url));
let site: TestSite;

test.before(async () => {
  site = await startTestSite();
});
test.after(async () => site.close());

function fast(words: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [FAST, ...words], { env, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.once("error", reject);
    child.once("close", (status) => resolve({ status, stdout, stderr }));
  });
}

/** Times and request ids differ from run to run. */
const steady = ({ status, stdout, stderr }: Ran): Ran => {
  const same = (text: string): string => text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME").replace(/req-\w+/g, "REQ");
  return { status, stdout: same(stdout), stderr: same(stderr) };
};

for (const [words, exit] of [
  [["--version"], 0], [["version", "--output", "json"], 0], [["help"], 0], [["help", "exec"], 0], [["nonsense"], 1],
  [["status", "node-001", "--output", "json"], 0], [["status", "no-such-node"], 1], [["exec", "node-001", "--", "rm", "x"], 6],
  [["exec", "node-001", "--", "uname", "-s"], 0], [["whoami"], 0], [["site", "verify"], 0], [["config", "show", "--origin"], 0],
] as const) {
  test(`${words.join(" ")} answers the same from the bundle, without a cached code and with it`, async () => {
    const env = await site.env("admin");
    const plain = steady(await runPact(words, env));
    assert.is(plain.status, exit);
    assert.equal(steady(await fast(words, env)), plain);
    assert.equal(steady(await fast(words, env)), plain);
  });
}

test("a failure that the site's own code makes is named the same way", async () => {
  const env = scrubbedEnv(tempFolder());
  assert.equal(steady(await fast(["site", "verify"], env)), steady(await runPact(["site", "verify"], env)));
});

const cacheOf = (home: string): string => join(home, ".cache/pact");
const codeIn = (home: string): string[] => readdirSync(cacheOf(home)).filter((name) => name.endsWith(".code"));

test("the code cache is private, and damage to it does no harm", async () => {
  const home = tempFolder();
  const env = scrubbedEnv(home);
  const right = await fast(["help"], env);
  const [name = ""] = codeIn(home);
  const path = join(cacheOf(home), name);
  const whole = readFileSync(path);
  const damaged = Buffer.from(whole);
  for (let at = 100; at < damaged.length; at += 997) damaged[at] = (damaged[at] ?? 0) ^ 0xff;
  for (const bytes of [Buffer.alloc(0), Buffer.from("help\n"), whole.subarray(0, whole.length / 2), damaged]) {
    writeFileSync(path, bytes, { mode: 0o600 });
    assert.equal(await fast(["help"], env), right);
  }
  assert.ok(readFileSync(path).length > 1000, "it was made anew");
});

test("a cache that others can write to is not read", async () => {
  const home = tempFolder();
  const env = scrubbedEnv(home);
  await fast(["help"], env);
  const path = join(cacheOf(home), codeIn(home)[0] ?? "");
  chmodSync(path, 0o666);
  assert.is((await fast(["help"], env)).status, 0);
  assert.is(readFileSync(path).length > 0, true);
});

test("without a place for the cache everything works", async () => {
  const home = tempFolder();
  mkdirSync(join(home, ".cache"));
  writeFileSync(join(home, ".cache/pact"), "a file where the folder should be");
  const ran = await fast(["help"], scrubbedEnv(home));
  assert.is(ran.status, 0);
  assert.is(ran.stderr, "");
  assert.is((await fast(["help"], { ...scrubbedEnv(home), XDG_CACHE_HOME: "/proc/pact" })).status, 0);
  const { XDG_CACHE_HOME: _, HOME: __, ...homeless } = scrubbedEnv(home);
  assert.is((await fast(["--version"], homeless)).status, 0);
});

test("plugins get the pact/api of the running program", async () => {
  const env = scrubbedEnv(tempFolder());
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const probe = `globalThis[Symbol.for("pact/api")] = { PactError: 1, marker: 2 }; import("pact/api").then((m) => process.stdout.write(String(m.PactError)))`;
  const child = spawn(process.execPath, ["-e", probe], { cwd: root, env, stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (part: Buffer) => (text += part.toString()));
  await new Promise((resolve) => child.once("close", resolve));
  assert.is(text, "1");
});

test.run();
