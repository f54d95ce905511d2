// A run pays for what it uses: which packages load in which scenario. Modules,
// not milliseconds, so that the answer is the same on every machine.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { tempFolder } from "./support/folder.ts";
import { loadsOf } from "./support/loads.ts";
import { type TestSite, scrubbedEnv, startTestSite } from "./support/site.ts";

const NINE = ["@grpc/grpc-js", "@grpc/proto-loader", "openid-client", "smol-toml", "enquirer", "fuzzy", "node-pty", "chalk", "uvu"];
const home = tempFolder();
let site: TestSite;

test.before(async () => {
  site = await startTestSite();
});
test.after(async () => site.close());

for (const words of [["version"], ["--version"], ["help"], ["help", "exec"], ["--help"], ["nonsense"], ["completion", "bash"],
  ["__complete", "bash", "--", "0", "", "pact exec "], ["__complete", "zsh", "--", "pact", "site", "up", "-"]]) {
  test(`${words.join(" ")} loads none of the nine packages`, async () => {
    const { names } = await loadsOf(words, scrubbedEnv(home));
    assert.equal(NINE.filter((name) => names.has(name)), []);
    assert.ok(names.has("src/app"), "the hook sees what is loaded");
  });
}

test("help asks for none of Node's modules that take time to load, and for nothing of logins", async () => {
  const { names } = await loadsOf(["help"], scrubbedEnv(home));
  assert.equal(["node:crypto", "node:net", "node:tls", "node:http", "node:child_process", "node:fs/promises", "node:readline"].filter((name) => names.has(name)), []);
  assert.ok(names.has("node:fs"));
  assert.not.ok(names.has("src/auth"));
});

test("status loads the client and leaves login, questions, suggestions and terminals alone", async () => {
  const { names, status } = await loadsOf(["status", "node-001"], await site.env("viewer"));
  assert.is(status, 0);
  assert.ok(names.has("@grpc/grpc-js"));
  assert.equal(["openid-client", "enquirer", "fuzzy", "node-pty", "uvu", "chalk", "smol-toml"].filter((name) => names.has(name)), []);
  assert.not.ok(names.has("src/site/journal"));
});

test("whoami speaks to no network", async () => {
  const { names } = await loadsOf(["whoami"], await site.env("viewer"));
  assert.not.ok(names.has("@grpc/grpc-js"));
});

test("a configuration file costs smol-toml and nothing more", async () => {
  const dir = join(home, ".config/pact");
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "cli.toml"), 'output_format = "json"\n');
  const { names, stdout } = await loadsOf(["version"], scrubbedEnv(home));
  assert.ok(names.has("smol-toml"));
  assert.is(JSON.parse(stdout).api, 1);
});

test.run();
