import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PactError } from "../../src/api/index.ts";
import { readConfig } from "../../src/app/files.ts";
import { wantsColor } from "../../src/app/io.ts";
import { pathsFrom } from "../../src/app/paths.ts";
import { type Sources, resolveSettings } from "../../src/app/settings.ts";

const dir = mkdtempSync(join(tmpdir(), "pact-settings-"));
const file = join(dir, "cli.toml");
const configured = async (text: string) => {
  writeFileSync(file, text);
  const config = await readConfig(file);
  if (config === undefined) throw new Error("no file");
  return config;
};
const refused = async (text: string): Promise<PactError> => {
  try {
    await configured(text);
  } catch (error) {
    if (error instanceof PactError) return error;
    throw error;
  }
  throw new Error("it was accepted");
};
const sources = (over: Partial<Sources>): Sources =>
  ({ globals: {}, session: {}, env: {}, files: [], site: undefined, paths: pathsFrom({ HOME: "/home/op" }), ...over });

test.after(() => rmSync(dir, { recursive: true }));

test("flag beats session beats environment beats file beats default, and each names itself", async () => {
  const files = [await configured('endpoint = "http://file:1"\n')];
  const session = { endpoint: "http://session:1" };
  const env = { PACT_ENDPOINT: "http://env:1" };
  const globals = { endpoint: "http://flag:1" };
  const endpoint = (over: Partial<Sources>) => resolveSettings(sources(over)).endpoint;
  assert.is(endpoint({ globals, session, env, files }).value, "http://flag:1");
  assert.is(endpoint({ session, env, files }).value, "http://session:1");
  assert.is(endpoint({ env, files }).where, "PACT_ENDPOINT");
  assert.is(endpoint({ files }).where, `${file}:1`);
  assert.equal(endpoint({}), { value: "http://localhost:9443", from: "default", where: "default" });
});

test("the five documented keys work, and ~ is the home folder", async () => {
  const files = [await configured('endpoint = "https://j:9443"\ndefault_vcluster = "ml-training"\noutput_format = "json"\ntimeout_seconds = 7\ntoken_path = "~/t"\n')];
  const settings = resolveSettings(sources({ files }));
  assert.is(settings.vcluster?.value, "ml-training");
  assert.is(settings.output.value, "json");
  assert.is(settings.timeoutS.value, 7);
  assert.is(settings.tokenPath?.value, "/home/op/t");
});

test("malformed TOML names file, line and column", async () => {
  const error = await refused('endpoint = "http://x"\ntimeout_seconds = = 3\n');
  assert.is(error.failure, "usage");
  assert.match(error.message, new RegExp(`^${file}:2:\\d+ is not TOML`));
});

test("a value of the wrong kind names its key and line", async () => {
  assert.match((await refused('\ntimeout_seconds = "soon"\n')).message, `${file}:2: timeout_seconds must be a number`);
  assert.match((await refused('output_format = "xml"\n')).message, "must be one of text, json");
});

test("an unknown key is a warning with file, line and what was probably meant", async () => {
  const { warnings } = await configured('# mine\nendpont = "http://x"\n');
  assert.equal(warnings, [`${file}:2: unknown key "endpont", did you mean endpoint?`]);
});

test("agents map, tls and auth tables are read", async () => {
  const files = [await configured('[agents]\nnode-001 = "http://127.0.0.1:1"\nrequire_tls = true\n[auth]\ncallback_port = 8085\n[tls]\nca_file = "~/ca.pem"\n')];
  const settings = resolveSettings(sources({ files }));
  assert.equal(settings.agentMap, { "node-001": "http://127.0.0.1:1" });
  assert.is(settings.requireTls.value, true);
  assert.is(settings.auth.callbackPort, 8085);
  assert.is(settings.tls.caFile, "/home/op/ca.pem");
});

test("--vcluster cancels an implicit node but not a named one", () => {
  const session = { node: "node-001", vcluster: "ml" };
  assert.is(resolveSettings(sources({ session })).node?.value, "node-001");
  assert.is(resolveSettings(sources({ session, globals: { vcluster: "dev" } })).node, undefined);
  assert.is(resolveSettings(sources({ session, globals: { vcluster: "dev", node: "n" } })).node?.value, "n");
});

test("a name from the environment that is no name is refused with its origin", () => {
  assert.throws(() => resolveSettings(sources({ env: { PACT_VCLUSTER: "../x" } })), /PACT_VCLUSTER: .* is not a vCluster name/);
  assert.throws(() => resolveSettings(sources({ env: { PACT_OUTPUT: "xml" } })), /PACT_OUTPUT: no output format called "xml"/);
});

test("colour: flag, NO_COLOR, CLICOLOR_FORCE, CLICOLOR, TERM, terminal, in this order", () => {
  assert.is(wantsColor("always", { NO_COLOR: "1" }, false), true);
  assert.is(wantsColor("auto", { NO_COLOR: "1", CLICOLOR_FORCE: "1" }, true), false);
  assert.is(wantsColor("auto", { NO_COLOR: "" }, true), true);
  assert.is(wantsColor("auto", { CLICOLOR_FORCE: "1" }, false), true);
  assert.is(wantsColor("auto", { CLICOLOR: "0" }, true), false);
  assert.is(wantsColor("auto", { TERM: "dumb" }, true), false);
  assert.is(wantsColor("auto", {}, false), false);
});

test.run();
