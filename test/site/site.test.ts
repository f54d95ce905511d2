// A whole site: starts, serves, is found, survives a crash, goes down, and leaves nothing.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { launchSite } from "../../src/site/launch.ts";
import { startTicksOf } from "../../src/site/lock.ts";
import { sitePaths } from "../../src/site/paths.ts";
import { SiteProblem } from "../../src/site/problem.ts";
import { stopSite } from "../../src/site/stop.ts";
import { tempFolder } from "../support/folder.ts";
import { startSiteHere, startTestSite } from "../support/site.ts";

const json = async (url: string): Promise<Record<string, unknown>> => {
  const value: unknown = await (await fetch(url)).json();
  return Object.fromEntries(Object.entries(value ?? {}));
};

async function problemOf(run: Promise<unknown>): Promise<SiteProblem> {
  const thrown = await run.then(() => undefined, (error: unknown) => error);
  if (thrown instanceof SiteProblem) return thrown;
  throw thrown ?? new Error("nothing went wrong");
}

test("a site answers on every side, keeps its folder closed, and is gone when closed", async () => {
  const site = await startTestSite();
  const { file, dir } = site;
  assert.is((await json(`${file.journal.http}/health`))["status"], "healthy");
  const discovery = await json(`${file.journal.http}/auth/discovery`);
  assert.is(discovery["idp_url"], file.issuer);
  assert.is((await json(`${file.issuer}/.well-known/openid-configuration`))["issuer"], file.issuer);
  assert.equal(file.nodes.map((node) => [node.kind, new URL(node.endpoint).hostname]), [
    ["host", "127.0.0.1"], ["virtual", "127.77.0.1"], ["virtual", "127.77.0.2"],
  ]);
  assert.is(statSync(dir).mode & 0o777, 0o700);
  for (const name of ["site.json", "site.toml", "site.log"]) assert.is(statSync(join(dir, name)).mode & 0o777, 0o600, name);
  assert.not(/"(?:token|secret|password)"/.test(readFileSync(join(dir, "site.json"), "utf8")));
  // The title takes the place of the argument vector, as far as that was long.
  assert.match(readFileSync(`/proc/${file.pid}/cmdline`, "utf8"), /^pact site \/[^\0]*\0*$/);
  await site.close();
  assert.not(existsSync(join(dir, "site.json")));
  assert.not(existsSync(join(dir, "control.sock")));
  assert.is(startTicksOf(file.pid), undefined);
  const left = readdirSync(dir).filter((name) => !(file.made ?? []).includes(name));
  assert.equal(left, []);
});

test("tokens of users, of the default user and of clients; no other name", async () => {
  const site = await startTestSite({ nodes: 0 });
  const claims = (token: string): Record<string, unknown> => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  const ops = claims(await site.token("ops", 60));
  assert.is(ops["sub"], "ops");
  assert.is(ops["pact_role"], "pact-ops-ml-training");
  assert.is(Number(ops["exp"]) - Number(ops["iat"]), 60);
  assert.is((await site.ask({ do: "token" }))["user"], "admin");
  assert.is(claims(await site.token("pact-service"))["pact_principal_type"], "service");
  assert.match((await problemOf(site.token("nobody"))).message, /no user "nobody"; it has admin, ops/);
  const { password } = await site.ask({ do: "password", user: "ops" });
  assert.is((await site.ask({ do: "password", user: "ops", set: "correct horse" }))["password"], "correct horse");
  assert.is.not((await site.ask({ do: "password", user: "ops", set: "" }))["password"], password);
  assert.match((await problemOf(site.ask({ do: "clock", advance_s: 1 }))).message, /--test-clock/);
  await site.close();
});

test("two starts at once make one site, and a third finds it", async () => {
  const dir = join(tempFolder(), "site");
  const [a, b] = await Promise.all([launchSite({ dir, port: 0, nodes: 0 }, { attached: true }), launchSite({ dir, port: 0, nodes: 0 }, { attached: true })]);
  assert.is(a.file.pid, b.file.pid);
  assert.equal([a.already, b.already].sort(), [false, true]);
  const c = await launchSite({ dir, port: 0 }, { attached: true });
  assert.ok(c.already);
  assert.is(c.file.pid, a.file.pid);
  await stopSite(dir);
});

test("a killed site starts again with its ports, nodes and users' passwords", async () => {
  const site = await startTestSite({ nodes: 1 });
  const before = site.file;
  const { password } = await site.ask({ do: "password", user: "ops" });
  await site.kill();
  const after = await site.restart();
  assert.is.not(after.pid, before.pid);
  assert.equal(after.journal, before.journal);
  assert.equal(after.nodes, before.nodes);
  assert.is((await site.ask({ do: "password", user: "ops" }))["password"], password);
  await site.close();
});

test("a port that another program has is named, and nothing is left running", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  const address = taken.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const dir = join(tempFolder(), "site");
  const problem = await problemOf(launchSite({ dir, port, nodes: 0 }, { attached: true }));
  assert.is(problem.kind, "precondition");
  assert.match(problem.message, new RegExp(`^port ${port} on 127\\.0\\.0\\.1 is taken`));
  assert.match(problem.hint ?? "", /--port 0/);
  await new Promise((resolve) => taken.close(resolve));
  assert.not(existsSync(sitePaths(dir).file));
  const again = await launchSite({ dir, port, nodes: 0 }, { attached: true });
  assert.is(again.file.journal.grpc, `http://127.0.0.1:${port}`);
  await stopSite(dir);
});

test("a broken site.toml is told with its line by whoever starts the site", async () => {
  const site = await startTestSite({ nodes: 0 });
  await site.close();
  writeFileSync(sitePaths(site.dir).config, "[site]\ndefault_user = 7\n");
  const problem = await problemOf(launchSite({ dir: site.dir }, { attached: true }));
  assert.match(problem.message, /site\.toml:2: default_user must be/);
});

test("the real profile has no provider and hands out HS256 tokens", async () => {
  const site = await startTestSite({ profile: "real", nodes: 1 });
  assert.is(site.file.issuer, null);
  assert.is((await json(`${site.file.journal.http}/auth/discovery`))["idp_url"], "");
  const header: unknown = JSON.parse(Buffer.from((await site.token("ops")).split(".")[0] ?? "", "base64url").toString());
  assert.equal(Object.entries(header ?? {}).find(([key]) => key === "alg"), ["alg", "HS256"]);
  assert.match((await problemOf(site.ask({ do: "password", user: "ops" }))).message, /the real profile has no logins/);
  await site.kill();
  assert.is((await site.restart()).profile, "real");
  await site.close();
});

test("the test clock moves for the whole site", async () => {
  const site = await startTestSite({ testClock: true, nodes: 0 });
  await site.ask({ do: "clock", rate: 0 });
  const before = Date.parse(String((await site.ask({ do: "clock" }))["now"]));
  const answer = await site.ask({ do: "clock", advance_s: 3600 });
  assert.is(Date.parse(String(answer["now"])) - before, 3_600_000);
  assert.is(answer["test"], true);
  await site.close();
});

test("a site in this process opens and closes without a trace", async () => {
  const site = await startSiteHere({ nodes: 1 });
  assert.is((await json(`${site.file.journal.http}/health`))["status"], "healthy");
  assert.equal(await site.close(), []);
  assert.equal(await site.close(), []);
});

test.run();
