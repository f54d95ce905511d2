// The server of the first login is the default, as long as that login is kept.
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openCache } from "../../src/auth/cache.ts";
import { keepDefaultServer, readDefaultServer } from "../../src/auth/default-server.ts";
import { runPact, scrubbedEnv } from "../support/site.ts";
import { tempFolder } from "../support/folder.ts";
import { startWorld, type World } from "./world.ts";

let one: World;
let two: World;
test.before.each(async () => {
  [one, two] = await Promise.all([startWorld(), startWorld()]);
});
test.after.each(async () => {
  await Promise.all([one.close(), two.close()]);
});

const fileOf = (world: World): string => join(world.configDir, "auth/default-server");

test("the first login makes its server the default, a later one elsewhere does not", async () => {
  await one.seed();
  openCache(one.configDir, two.server).write({ ...(await two.seed()), server: two.server });
  assert.is(readDefaultServer(one.configDir), undefined);
  assert.is(keepDefaultServer(one.configDir, one.server), true);
  assert.is(keepDefaultServer(one.configDir, two.server), false);
  assert.is(readDefaultServer(one.configDir), one.server);
});

test("it ends with its login, and the next login takes its place", async () => {
  await one.seed();
  keepDefaultServer(one.configDir, one.server);
  openCache(one.configDir, two.server).write({ ...(await two.seed()), server: two.server });
  one.cache.remove();
  assert.is(readDefaultServer(one.configDir), undefined);
  assert.is(keepDefaultServer(one.configDir, two.server), true);
  assert.is(readDefaultServer(one.configDir), two.server);
});

test("a file that others can write, or that holds no URL, makes no default", async () => {
  await one.seed();
  keepDefaultServer(one.configDir, one.server);
  chmodSync(fileOf(one), 0o666);
  assert.is(readDefaultServer(one.configDir), undefined);
  chmodSync(fileOf(one), 0o600);
  assert.is(readDefaultServer(one.configDir), one.server);
  for (const text of ["", "not a url\n", "http://127.0.0.1:1\n", "x".repeat(300_000)]) {
    writeFileSync(fileOf(one), text);
    assert.is(readDefaultServer(one.configDir), undefined, text.slice(0, 20));
  }
});

test("the program uses it where nothing else names a server, and says so", async () => {
  const home = tempFolder();
  const configDir = join(home, ".config/pact");
  openCache(configDir, one.server).write({ ...(await one.seed()), server: one.server });
  keepDefaultServer(configDir, one.server);
  const shown = async (env: Record<string, string>): Promise<string> =>
    (await runPact(["config", "show", "--origin", "--output", "csv", "--fields", "key,value,origin"], { ...scrubbedEnv(home), ...env })).stdout;
  assert.match(await shown({}), new RegExp(`^endpoint,${one.server},the first login$`, "m"));
  assert.match(await shown({ PACT_ENDPOINT: two.server }), new RegExp(`^endpoint,${two.server},PACT_ENDPOINT$`, "m"));
  const who = await runPact(["whoami", "--output", "json"], scrubbedEnv(home));
  assert.is(JSON.parse(who.stdout).server, one.server);
  const failed = await runPact(["status"], scrubbedEnv(home));
  assert.is(failed.status, 5, failed.stderr);
  assert.match(failed.stderr, new RegExp(one.server));
  assert.is(readFileSync(join(configDir, "auth/default-server"), "utf8"), `${one.server}\n`);
});

test.run();
