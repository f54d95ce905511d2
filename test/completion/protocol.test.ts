// `pact __complete` as the scripts call it: right answers, and silence whatever is wrong.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bashReply, fishReply, zshReply } from "../../src/app/shell-reply.ts";
import { tempFolder } from "../support/folder.ts";
import { type Ran, type TestSite, runPact, scrubbedEnv, startTestSite } from "../support/site.ts";

let site: TestSite;

test.before(async () => {
  site = await startTestSite();
});
test.after(async () => site.close());

const ask = (words: readonly string[], env = scrubbedEnv(tempFolder())): Promise<Ran> => runPact(["__complete", ...words], env);
const lines = ({ stdout, stderr, status }: Ran): string[] => {
  assert.is(stderr, "");
  assert.is(status, 0);
  return stdout.split("\n").filter((line) => line !== "");
};
const cacheOf = (): string => join(site.home, ".cache/pact");
const namesIn = (folder: string): string[] => readdirSync(folder).filter((name) => name.startsWith("names-"));

test("each shell gets the same words in its own form", async () => {
  assert.equal(lines(await ask(["zsh", "--", "pact", "sta"])), ["words", "status:Show node state, drift and capabilities"]);
  assert.equal(lines(await ask(["fish", "--", "pact", "sta"])), ["words", "status\tShow node state, drift and capabilities"]);
  assert.equal(lines(await ask(["bash", "--", "0", "sta", "pact sta"])), ["words", "status"]);
  assert.equal(lines(await ask(["bash", "--", "0", "sta", "A=1 pact sta"])), ["words", "status"]);
  assert.equal(lines(await ask(["fish", "--", "pact", "log", "--scope", "n"])), ["parts", "node:\tone node"]);
  assert.equal(lines(await ask(["fish", "--", "pact", "run", ""])), ["files"]);
  assert.equal(lines(await ask(["bash", "--", "0", "x", "pact status > x"])), ["files"]);
});

test("what an ordinary command listed is known afterwards, with the site gone and without its token", async () => {
  rmSync(cacheOf(), { recursive: true, force: true });
  const { PACT_TOKEN: _, ...env } = await site.env("admin");
  const stopped = { ...env, PACT_TOKEN: "damaged" };
  assert.equal(lines(await ask(["zsh", "--", "pact", "status", "node-"], stopped)), []);
  assert.is((await site.pact(["status"], { user: "admin" })).status, 0);
  const [name = ""] = namesIn(cacheOf());
  assert.is(statSync(join(cacheOf(), name)).mode & 0o777, 0o600);
  await site.kill();
  try {
    assert.equal(lines(await ask(["zsh", "--", "pact", "status", "node-"], stopped)), ["words", "node-001:ml-training", "node-002:sensitive-compute"]);
    assert.equal(lines(await ask(["fish", "--", "pact", "--endpoint", "http://other:1", "status", "node-"], stopped)), []);
    assert.equal(lines(await ask(["fish", "--", "pact", "--endpoint", site.file.journal.grpc, "status", "--vcluster", "s"], { ...stopped, PACT_ENDPOINT: "http://other:1" })), ["words", "sensitive-compute"]);
  } finally {
    await site.restart();
  }
});

test("a read-only run keeps no names, and neither does one that has no place for them", async () => {
  rmSync(cacheOf(), { recursive: true, force: true });
  assert.is((await site.pact(["status", "--read-only"], { user: "admin" })).status, 0);
  assert.equal(existsNames(), []);
  mkdirSync(join(site.home, ".cache"), { recursive: true });
  writeFileSync(cacheOf(), "a file where the folder should be");
  const ran = await site.pact(["status"], { user: "admin" });
  rmSync(cacheOf());
  assert.is(ran.status, 0);
  assert.is(ran.stderr, "");
});

function existsNames(): string[] {
  try {
    return namesIn(cacheOf());
  } catch {
    return [];
  }
}

test("whatever is asked or broken, there is no failure and nothing on stderr", async () => {
  const home = tempFolder();
  mkdirSync(join(home, ".config/pact"), { recursive: true });
  writeFileSync(join(home, ".config/pact/cli.toml"), "= nonsense [");
  const broken = { ...scrubbedEnv(home), PACT_ENDPOINT: "://", PACT_OUTPUT: "nonsense", PACT_NODE: "$(x)" };
  assert.equal(lines(await ask(["fish", "--", "pact", "exec", "n"], broken)), []);
  assert.ok(lines(await ask(["fish", "--", "pact", "exec", "-"], broken)).length > 5);
  for (const words of [[], ["--"], ["tcsh", "--", "pact", ""], ["bash"], ["bash", "--"], ["zsh", "pact", "st"], ["zsh", "--"], ["bash", "--", "x", "y", "\u0000".replace("\u0000", "'\"\\")], ["fish", "--", "pact", "'"]]) {
    lines(await ask(words, broken));
  }
  assert.equal(lines(await ask(["tcsh", "--", "pact", "sta"])), []);
});

test("an open stdin is not waited for, even where a line says that the token is there", async () => {
  const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));
  const child = spawn(process.execPath, [main, "__complete", "fish", "--", "pact", "--token", "-", "sta"], { env: scrubbedEnv(tempFolder()), stdio: ["pipe", "pipe", "pipe"] });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  const [status] = await once(child, "close");
  assert.is(status, 0);
  assert.match(stdout, "status\t");
});

test("no control character leaves, whatever a name or a note holds", () => {
  const candidates = [{ text: "good", note: "a\u001b[2Jb\nc\td\u202ee" }, { text: "b\u001b[2J" }, { text: "c\nd" }, { text: "e\tf" }, { text: "g\u0007" }, { text: "" }, { text: "h\u202e" }];
  const word = { line: "pact x ", start: 7, word: "", columns: 80 };
  for (const reply of [zshReply({ candidates }), fishReply({ candidates }), bashReply({ candidates: [...candidates, { text: "other" }] }, "", word)]) {
    assert.not.match(reply.replace(/^good\t/m, ""), /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/u);
    assert.is(reply.split("\n").filter((line) => line !== "" && !/^(words|good|other)/.test(line)).length, 0, reply);
  }
  assert.is(zshReply({ candidates: [{ text: "a:b\\c", note: "d:e" }] }), "words\na\\:b\\\\c:d:e\n");
});

test("an unknown shell is a usage failure that says what was meant", async () => {
  const ran = await runPact(["completion", "fsh"], scrubbedEnv(tempFolder()));
  assert.is(ran.status, 1);
  assert.match(ran.stderr, "bash, zsh, fish");
  assert.match(ran.stderr, "did you mean fish");
  assert.is((await runPact(["completion"], scrubbedEnv(tempFolder()))).status, 1);
});

test("the script is printed as it is, whatever output format is set; only a flag makes JSON of it", async () => {
  const env = scrubbedEnv(tempFolder());
  const plain = await runPact(["completion", "bash"], env);
  assert.match(plain.stdout, "complete -F _pact pact");
  assert.equal(await runPact(["completion", "bash"], { ...env, PACT_OUTPUT: "json" }), plain);
  assert.is(JSON.parse((await runPact(["completion", "bash", "--output", "json"], env)).stdout).text, plain.stdout);
});

test("the reference page does not show what only scripts call", () => {
  const page = readFileSync(fileURLToPath(new URL("../../../docs/commands.md", import.meta.url)), "utf8");
  assert.match(page, "completion");
  assert.not.match(page, "__complete");
});

test.run();
