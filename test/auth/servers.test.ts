// Several servers: each has its own login, which nobody else ever sees, and the one that
// the settings name is the default.
import { createServer as createTcpServer, type Socket } from "node:net";
import { chmodSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { cachedServers, openCache } from "../../src/auth/cache.ts";
import { tempFolder } from "../support/folder.ts";
import { runPact, scrubbedEnv } from "../support/site.ts";
import { SIGNAL, startWorld, type World } from "./world.ts";

let one: World;
let two: World;
test.before.each(async () => {
  [one, two] = await Promise.all([startWorld(), startWorld()]);
});
test.after.each(async () => {
  await Promise.all([one.close(), two.close()]);
});

const past = (world: World): string => new Date(world.clock.now() - 1000).toISOString();

test("a login to one server is none to another, and the failure names where there is one", async () => {
  await one.seed();
  const error = await one.failure(one.identity({ server: two.server }).token(SIGNAL));
  assert.is(error.message, `not logged in to ${two.server}`);
  assert.is(error.about.reason, `logins are kept for ${one.server}; use one with --endpoint URL`);
  assert.is((await one.identity().whoami()).server, one.server);
  assert.is(two.hits.size, 0);
});

test("logins to two servers stand side by side, and a logout ends one of them and names the other", async () => {
  const [first, second] = [await one.seed(), { ...(await two.seed()), server: two.server }];
  openCache(one.configDir, two.server).write(second);
  assert.equal(cachedServers(one.configDir), [one.server, two.server].sort());
  const other = one.identity({ server: two.server });
  assert.equal([await one.identity().token(SIGNAL), await other.token(SIGNAL)], [first.access_token, second.access_token]);
  assert.equal(await other.logout(SIGNAL), { removed: true, revoked: true, remaining: [], elsewhere: [one.server] });
  assert.equal(cachedServers(one.configDir), [one.server]);
  assert.is(await one.identity().token(SIGNAL), first.access_token);
  assert.is(one.hits.get("/oidc/token/revocation"), undefined);
});

test("a file that is refused, damaged or under another server's name is nobody's login", async () => {
  const login = await one.seed();
  writeFileSync(join(one.configDir, "auth/tokens-0123456789abcdef.json"), JSON.stringify(login), { mode: 0o600 });
  assert.equal(cachedServers(one.configDir), [one.server]);
  chmodSync(one.cache.path, 0o644);
  assert.equal(cachedServers(one.configDir), []);
  chmodSync(one.cache.path, 0o600);
  renameSync(one.cache.path, join(one.configDir, "auth/tokens-fedcba9876543210.json"));
  assert.equal(cachedServers(one.configDir), []);
  assert.equal(cachedServers(join(one.configDir, "none")), []);
});

test("renewal and logout go to the issuer of the login, whatever the journal names meanwhile", async () => {
  await one.seed({ expires_at: past(one) });
  one.intercept = (req, res) => {
    if (req.url !== "/auth/discovery") return false;
    res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(two.idp.discovery));
    return true;
  };
  const identity = one.identity();
  assert.is((await one.idp.verify(await identity.token(SIGNAL))).principal, "ops");
  assert.is((await identity.logout(SIGNAL)).revoked, true);
  assert.equal([one.hits.get("/oidc/token"), one.hits.get("/oidc/token/revocation")], [1, 1]);
  assert.is(two.hits.size, 0);
});

test("the program sends no byte of a login to a server that it is not for", async () => {
  const heard: Buffer[] = [];
  const sockets = new Set<Socket>();
  const stranger = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("data", (bytes) => heard.push(bytes)).on("error", () => undefined);
  });
  await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
  const address = stranger.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  const login = await one.seed();
  const home = tempFolder();
  const env = { ...scrubbedEnv(home), XDG_CONFIG_HOME: home, PACT_ENDPOINT: one.server };
  openCache(join(home, "pact"), one.server).write({ ...login, expires_at: new Date(Date.now() + 600_000).toISOString() });
  try {
    // The login is good where it is for …
    assert.match((await runPact(["whoami", "--fields", "principal,token_source"], env)).stdout, /ops[\s\S]*login cache/);
    // … and does not exist elsewhere, neither for a command nor for a logout.
    for (const words of [["status"], ["exec", "node-001", "--", "id"], ["whoami"]]) {
      const { status, stderr } = await runPact(["--endpoint", url, ...words], env);
      assert.is(status, 2, stderr);
      assert.match(stderr, new RegExp(`not logged in to ${url}[\\s\\S]*logins are kept for ${one.server}`));
    }
    const { stdout, stderr } = await runPact(["logout", "--endpoint", url], env);
    assert.match(stdout, /not logged in/);
    assert.match(stderr, new RegExp(`a login to ${one.server} remains; to end it: pact logout --endpoint ${one.server}`));
    assert.is(heard.length, 0, Buffer.concat(heard).toString());
  } finally {
    for (const socket of sockets) socket.destroy();
    stranger.close();
  }
});

test.run();
