// The token's ways into the built program, in their order, and that it goes no further.
// whoami asks nobody, so the tokens here need no server.
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { tempFolder } from "../support/folder.ts";
import { type Ran, runPact, scrubbedEnv } from "../support/site.ts";

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
/** A token that says who it is, and nothing else. */
const tokenOf = (sub: string, exp = 4_000_000_000): string => `${part({ alg: "RS256" })}.${part({ sub, exp, pact_role: "r" })}.c2lnbmF0dXJl`;

let home = "";
let env: Record<string, string> = {};
test.before.each(() => {
  home = tempFolder();
  env = scrubbedEnv(home);
});

const who = async (words: readonly string[], more: Readonly<Record<string, string>> = {}, input?: string): Promise<Ran> =>
  await runPact(["whoami", "--fields", "principal,token_source", "--output", "ndjson", ...words], { ...env, ...more }, input);

/** Principal and source of an answer. */
function read({ status, stdout, stderr }: Ran): [string, string] {
  assert.is(status, 0, stderr);
  const { principal, token_source }: { readonly principal: string; readonly token_source: string } = JSON.parse(stdout);
  return [principal, token_source];
}

function write(path: string, text: string, mode = 0o600): string {
  const whole = join(home, path);
  mkdirSync(join(whole, ".."), { recursive: true, mode: 0o700 });
  writeFileSync(whole, text);
  chmodSync(whole, mode);
  return whole;
}

test("--token comes before PACT_TOKEN, token_path and ~/.config/pact/token, and each is next when those before it are away", async () => {
  write(".config/pact/token", `${tokenOf("by-default-file")}\n`);
  assert.equal(read(await who([])), ["by-default-file", "~/.config/pact/token"]);
  write(".config/pact/cli.toml", 'token_path = "~/mine"\n');
  write("mine", tokenOf("by-path"));
  const [principal, source] = read(await who([]));
  assert.is(principal, "by-path");
  assert.match(source, /^token_path \(.*cli\.toml:1\)$/);
  assert.equal(read(await who([], { PACT_TOKEN: tokenOf("by-env") })), ["by-env", "PACT_TOKEN"]);
  assert.equal(read(await who(["--token", tokenOf("by-flag")], { PACT_TOKEN: tokenOf("by-env") })), ["by-flag", "--token"]);
});

test("--token - reads stdin and --token @FILE a file, also below ~; a line's end is no part of it", async () => {
  write("t", `${tokenOf("by-file")}\r\n`);
  assert.is(read(await who(["--token", "-"], {}, `${tokenOf("by-stdin")}\n`))[0], "by-stdin");
  assert.is(read(await who(["--token", `@${home}/t`]))[0], "by-file");
  assert.is(read(await who(["--token", "@~/t"]))[0], "by-file");
});

test("a file that is not there is a usage failure with the reason, and endless or empty input no token", async () => {
  const absent = await who(["--token", "@~/none"]);
  assert.is(absent.status, 1);
  assert.match(absent.stderr, /"--token: cannot read .*none","reason":"ENOENT/);
  write(".config/pact/token", tokenOf("nobody-wants-this-one-instead"));
  write("empty", "\n");
  for (const [words, input] of [[["--token", "@/dev/zero"], ""], [["--token", "-"], ""], [["--token", "@~/empty"], ""], [["--token="], ""]] as const) {
    const ran = await who(words, {}, input);
    assert.is(ran.status, 2, ran.stderr);
    assert.match(ran.stderr, /the token from --token is (malformed|empty)/);
  }
});

test("XDG_CONFIG_HOME moves the default file, and nothing below ~/.config is read then", async () => {
  write(".config/pact/token", tokenOf("left-behind"));
  write("elsewhere/pact/token", tokenOf("moved"));
  assert.is(read(await who([], { XDG_CONFIG_HOME: join(home, "elsewhere") }))[0], "moved");
});

test("an expired file is passed by with a note, and one that others can read is refused", async () => {
  write(".config/pact/cli.toml", 'token_path = "~/mine"\n');
  write("mine", tokenOf("old", 1_000_000_000));
  write(".config/pact/token", tokenOf("next"));
  const ran = await who([]);
  assert.is(read(ran)[0], "next");
  assert.match(ran.stderr, /mine is passed by: its token expired at 2001-09-09/);
  chmodSync(join(home, ".config/pact/token"), 0o604);
  const refused = await who([]);
  assert.is(refused.status, 2);
  assert.match(refused.stderr, /chmod 600/);
});

test("programs that lines start get none of pact's secrets", async () => {
  const secrets = { PACT_TOKEN: tokenOf("s1"), PACT_CLIENT_SECRET: "s2", PACT_OPENCHAMI_TOKEN: "s3", PACT_TOKENS: "kept" };
  const lines = "!env\nwhoami --fields principal | env\n";
  // With an endpoint, so that no site is started for the lines.
  const { stdout, status } = await runPact([], { ...env, ...secrets, PACT_ENDPOINT: "http://127.0.0.1:2" }, lines);
  assert.is(status, 0);
  assert.is([...stdout.matchAll(/^PACT_TOKENS=kept$/gm)].length, 2, stdout);
  assert.not.match(stdout, /^PACT_(TOKEN|CLIENT_SECRET|OPENCHAMI_TOKEN)=/m);
});

test.run();
