// The token cache: its name, its modes, and that it is refused whole (Auth2, Auth5, Auth6, PAuth1).
import { createHash } from "node:crypto";
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openCache } from "../../src/auth/cache.ts";
import { normalServer } from "../../src/auth/server-url.ts";
import { leaks, SIGNAL, startWorld, type World } from "./world.ts";

let world: World;
test.before.each(async () => {
  world = await startWorld();
});
test.after.each(async () => await world.close());

test("a server's URL is normalised: lower case, port always written, nothing else", () => {
  assert.is(normalServer("HTTPS://Journal.Example:9443/some/path?x#y"), "https://journal.example:9443");
  assert.is(normalServer("https://j"), "https://j:9443");
  assert.is(normalServer("https://j:443"), "https://j:443");
  assert.is(normalServer("http://j:80/"), "http://j:80");
  assert.is(normalServer("j:9000"), "http://j:9000");
  assert.is(normalServer("http://[::1]:9443"), "http://[::1]:9443");
});

test("what is no server's URL is a usage failure that repeats no password", async () => {
  for (const text of ["", "ftp://j", "http://", "http://user:hunter22@j", "http://j:99999"]) {
    const error = await world.failure(Promise.resolve().then(() => normalServer(text)));
    assert.is(error.failure, "usage", text);
  }
  assert.equal(leaks(world.said, ["hunter22"]), []);
});

test("the file is named after the server, 0600 in a 0700 folder, with the documented fields", async () => {
  await world.seed();
  const hash = createHash("sha256").update(world.server).digest("hex").slice(0, 16);
  assert.is(basename(world.cache.path), `tokens-${hash}.json`);
  assert.is(statSync(world.cache.path).mode & 0o777, 0o600);
  assert.is(statSync(dirname(world.cache.path)).mode & 0o777, 0o700);
  assert.equal(Object.keys(JSON.parse(readFileSync(world.cache.path, "utf8"))), [
    "version", "server", "access_token", "refresh_token", "expires_at", "scopes", "issuer", "client_id", "token_endpoint", "revocation_endpoint",
  ]);
  assert.equal(readdirSync(dirname(world.cache.path)), [basename(world.cache.path)]);
});

test("a file that others could read is refused, unrepaired, with the chmod to type", async () => {
  const login = await world.seed();
  for (const mode of [0o644, 0o640, 0o620, 0o601]) {
    chmodSync(world.cache.path, mode);
    const error = await world.failure(world.identity().token(SIGNAL));
    assert.is(error.failure, "unauthenticated");
    assert.match(error.about.reason ?? "", new RegExp(`its mode is 0${mode.toString(8)}, not 0600`));
    assert.is(error.about.hint, `chmod 600 ${world.cache.path}`);
    assert.is(statSync(world.cache.path).mode & 0o777, mode);
  }
  assert.is((await world.failure(world.identity().whoami())).failure, "unauthenticated");
  assert.equal(leaks(world.said, [login.access_token, login.refresh_token ?? ""]), []);
});

test("a folder that others could enter is refused", async () => {
  await world.seed();
  chmodSync(dirname(world.cache.path), 0o755);
  const error = await world.failure(world.identity().token(SIGNAL));
  assert.is(error.failure, "unauthenticated");
  assert.is(error.about.hint, `chmod 700 ${dirname(world.cache.path)}`);
});

test("a damaged file is refused whole, and its content is not repeated", async () => {
  const login = await world.seed();
  const { access_token: _gone, ...partial } = login;
  const contents = [
    "", "{", "[]", "null", '"text"', JSON.stringify(login).slice(0, -20), JSON.stringify(partial), JSON.stringify({ ...login, version: 2 }),
    JSON.stringify({ ...login, server: "http://other:9443" }), JSON.stringify({ ...login, scopes: [1] }), JSON.stringify({ ...login, expires_at: "soon" }),
    JSON.stringify({ ...login, refresh_token: 7 }), JSON.stringify({ ...login, padding: "x".repeat(300_000) }),
  ];
  for (const content of contents) {
    writeFileSync(world.cache.path, content, { mode: 0o600 });
    const error = await world.failure(world.identity().token(SIGNAL));
    assert.is(error.failure, "unauthenticated", content.slice(0, 40));
    assert.match(error.about.reason ?? "", /damaged/);
    assert.match(error.about.hint ?? "", /^rm .*; pact login$/);
  }
  assert.equal(leaks(world.said, [login.access_token, login.refresh_token ?? ""]), []);
});

test("a symbolic link and a folder in the file's place are refused", async () => {
  await world.seed();
  const elsewhere = join(world.configDir, "elsewhere");
  renameSync(world.cache.path, elsewhere);
  symlinkSync(elsewhere, world.cache.path);
  assert.match((await world.failure(world.identity().token(SIGNAL))).about.reason ?? "", /symbolic link/);
  assert.ok(world.cache.remove());
  mkdirSync(world.cache.path, { mode: 0o700 });
  assert.match((await world.failure(world.identity().token(SIGNAL))).about.reason ?? "", /damaged/);
});

// Only root can give a file away.
(process.getuid?.() === 0 ? test : test.skip)("a file or folder of somebody else is refused", async () => {
  await world.seed();
  for (const path of [world.cache.path, dirname(world.cache.path)]) {
    chownSync(path, 12_345, 0);
    const error = await world.failure(world.identity().token(SIGNAL));
    assert.is(error.failure, "unauthenticated");
    assert.match(error.about.reason ?? "", /belongs to somebody else/);
    chownSync(path, 0, 0);
  }
});

test("tokens of one server are never used for another", async () => {
  await world.seed();
  assert.is(openCache(world.configDir, "http://127.0.0.1:1").read(), undefined);
  assert.match((await world.failure(world.identity({ server: "http://127.0.0.1:1" }).token(SIGNAL))).message, /not logged in to http:\/\/127.0.0.1:1/);
});

test.run();
