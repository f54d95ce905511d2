// A watch that outlives its token: renewed where that can be, ended with 2 where it cannot.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { tempFolder } from "../support/folder.ts";
import { type TestSite, runPact, scrubbedEnv, startTestSite } from "../support/site.ts";
import { append } from "./append.ts";
import { startWatcher } from "./watcher.ts";

let site: TestSite;
test.before(async () => {
  site = await startTestSite({ nodes: 1, testClock: true });
});
test.after(async () => site.close());

/** Beyond the life of every token there is. */
const pass = async (): Promise<void> => void (await site.ask({ do: "clock", advance_s: 7200 }));

test("a token that is given once and runs out ends the watch with 2, and says so", async () => {
  const watcher = await startWatcher([], await site.env("admin"));
  const [seq] = await append(site, "while the token held");
  await watcher.shows(seq ?? -1);
  await pass();
  assert.is((await watcher.exited).code, 2, watcher.stderr());
  assert.match(watcher.stderr(), /"class":"unauthenticated"/);
});

test("the site's own user is renewed, and the watch goes on without a gap", async () => {
  const watcher = await startWatcher([], await site.env());
  const [first] = await append(site, "before");
  await watcher.shows(first ?? -1);
  await pass();
  const [second] = await append(site, "after");
  await watcher.shows(second ?? -1);
  assert.is(await watcher.interrupt(), 0, watcher.stderr());
  const seqs = watcher.seqs();
  assert.equal(seqs, Array.from({ length: seqs.length }, (_, n) => (seqs[0] ?? 0) + n));
  assert.not.match(watcher.stderr(), /is lost/);
});

test("a login that was ended elsewhere ends the watch with 2 when its token runs out", async () => {
  const home = tempFolder();
  const env = { ...scrubbedEnv(home), PACT_ENDPOINT: site.file.journal.grpc };
  mkdirSync(join(home, ".config/pact"), { recursive: true, mode: 0o700 });
  writeFileSync(join(home, ".config/pact/cli.toml"), `[auth]\nidp_url = "${site.file.issuer}"\nclient_id = "pact-cli"\n`, { mode: 0o600 });
  const shown = await site.pact(["site", "env", "--as", "pact-service"]);
  const secret = Object.fromEntries([...shown.stdout.matchAll(/^export (PACT_CLIENT_\w+)=(?:'([^']*)'|(\S+))$/gm)].map(([, name = "", quoted, bare]) => [name, quoted ?? bare ?? ""]));
  const login = await runPact(["login", "--service-account"], { ...env, ...secret });
  assert.is(login.status, 0, login.stderr);
  const watcher = await startWatcher(["--since", "0"], env);
  await watcher.shows(0);
  assert.is((await runPact(["logout"], env)).status, 0);
  await pass();
  assert.is((await watcher.exited).code, 2, watcher.stderr());
});

test.run();
