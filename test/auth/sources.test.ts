// Where the token comes from: the order, what is passed by and what is refused.
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Setting } from "../../src/api/index.ts";
import { leaks, SIGNAL, startWorld, type World } from "./world.ts";

let world: World;
test.before.each(async () => {
  world = await startWorld();
});
test.after.each(async () => await world.close());

const setting = (value: string, from: Setting<string>["from"], where: string): Setting<string> => ({ value, from, where });
const mint = (sub: string, ttlS = 600): Promise<string> => world.idp.mint({ sub, role: `role-of-${sub}`, principalType: "human" }, ttlS);

function tokenFile(name: string, content: string, mode = 0o600): string {
  const path = join(world.configDir, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

test("each source yields to the one before it", async () => {
  const given = setting(await mint("given"), "env", "PACT_TOKEN");
  const tokenPath = setting(tokenFile("mine", `${await mint("by-path")}\n`), "file", "cli.toml:3");
  await world.seed();
  tokenFile("token", await mint("by-default-file"));
  const whoever = async (change: Parameters<World["identity"]>[0]): Promise<[string, string]> => {
    const { principal, tokenSource } = await world.identity(change).whoami();
    return [principal, tokenSource];
  };
  assert.equal(await whoever({ token: given, tokenPath }), ["given", "PACT_TOKEN"]);
  assert.equal(await whoever({ tokenPath }), ["by-path", "token_path (cli.toml:3)"]);
  assert.equal(await whoever({}), ["ops", "login cache"]);
  world.cache.remove();
  assert.equal(await whoever({}), ["by-default-file", "~/.config/pact/token"]);
});

test("whoami reads principal, type, role, issuer and expiry from the token and asks nobody", async () => {
  const token = await world.idp.mint({ sub: "ai", role: "pact-service-ai", principalType: "agent" }, 600);
  const who = await world.identity({ token: setting(token, "flag", "--token") }).whoami();
  assert.equal({ ...who, expiresAt: typeof who.expiresAt }, { principal: "ai", principalType: "agent", role: "pact-service-ai", server: world.server, issuer: world.idp.issuer, expiresAt: "object", tokenSource: "--token" });
  assert.is(world.hits.size, 0);
});

test("with no token at all the failure says where one is not logged in, and what to do", async () => {
  const error = await world.failure(world.identity().token(SIGNAL));
  assert.is(error.failure, "unauthenticated");
  assert.is(error.message, `not logged in to ${world.server}`);
  assert.is(error.about.hint, "pact login");
  assert.is((await world.failure(world.identity().whoami())).failure, "unauthenticated");
});

test("an expired or malformed token that was given is refused by its source, never replaced by another", async () => {
  await world.seed();
  const expired = await mint("late", 60);
  world.clock.advance(61_000);
  const late = await world.failure(world.identity({ token: setting(expired, "env", "PACT_TOKEN") }).token(SIGNAL));
  assert.is(late.failure, "unauthenticated");
  assert.match(late.message, /PACT_TOKEN has expired/);
  assert.match(late.about.hint ?? "", /unset PACT_TOKEN/);
  for (const nonsense of ["secret-nonsense", "a.b", "a.b.c", "x".repeat(50_000), "eyJhbGciOiJIUzI1NiJ9.bnVsbA.c2ln", "a.\nb.c"]) {
    const bad = await world.failure(world.identity({ token: setting(nonsense, "flag", "--token") }).token(SIGNAL));
    assert.is(bad.failure, "unauthenticated");
    assert.match(bad.message, /--token is malformed/);
  }
  assert.equal(leaks(world.said, [expired, "secret-nonsense"]), []);
});

test("an empty PACT_TOKEN counts as none", async () => {
  await world.seed();
  assert.is((await world.identity({ token: setting("", "env", "PACT_TOKEN") }).whoami()).tokenSource, "login cache");
});

test("absent and expired files are passed by with one note each", async () => {
  const old = await mint("late", 60);
  tokenFile("token", old);
  world.clock.advance(61_000);
  const identity = world.identity({ tokenPath: setting(join(world.configDir, "none"), "file", "cli.toml:1") });
  await world.failure(identity.token(SIGNAL));
  await world.failure(identity.token(SIGNAL));
  const notes = world.said.filter((line) => line.startsWith("note:"));
  assert.is(notes.length, 2, notes.join("\n"));
  assert.match(notes[0] ?? "", /none is passed by: there is no such file/);
  assert.match(notes[1] ?? "", /token is passed by: its token expired at/);
  assert.equal(leaks(world.said, [old]), []);
});

test("a token file that others can read is refused with the chmod to type", async () => {
  const path = tokenFile("token", await mint("open"), 0o640);
  const error = await world.failure(world.identity().token(SIGNAL));
  assert.is(error.failure, "unauthenticated");
  assert.is(error.about.hint, `chmod 600 ${path}`);
});

test("a token that was found is kept in memory until it ends, and a login elsewhere is noticed at once", async () => {
  tokenFile("token", await mint("by-file"));
  const identity = world.identity();
  const first = await identity.token(SIGNAL);
  assert.is(await identity.token(SIGNAL), first);
  const login = await world.seed();
  assert.is(await identity.token(SIGNAL), login.access_token);
  world.cache.remove();
  assert.is(await identity.token(SIGNAL), first);
});

test("a refused file token is read again, a refused given token has no other", async () => {
  const path = tokenFile("token", await mint("one"));
  const identity = world.identity();
  const old = await identity.token(SIGNAL);
  assert.is(await identity.refresh(old, SIGNAL), undefined);
  const next = await mint("two");
  writeFileSync(path, next);
  assert.is(await identity.refresh(old, SIGNAL), next);
  const given = await mint("given");
  const fixed = world.identity({ token: setting(given, "env", "PACT_TOKEN") });
  assert.is(await fixed.refresh(given, SIGNAL), undefined);
});

test("a person is told once, five minutes before, that a token ends which nothing renews", async () => {
  const ask = async (): Promise<string> => "";
  const ends = (): string[] => world.said.filter((line) => /ends at \d\d:\d\d UTC and is not renewed/.test(line));
  const one = world.identity({ ask, token: setting(await mint("given", 600), "env", "PACT_TOKEN") });
  await one.token(SIGNAL);
  assert.is(ends().length, 0);
  world.clock.advance(301_000);
  await one.token(SIGNAL);
  await one.token(SIGNAL);
  assert.is(ends().length, 1);
  world.said.length = 0;
  await world.identity({ token: setting(await mint("given", 60), "env", "PACT_TOKEN") }).token(SIGNAL);
  await world.seed({ expires_at: new Date(world.clock.now() + 60_000).toISOString() });
  await world.identity({ ask }).token(SIGNAL);
  assert.is(ends().length, 0);
});

test("an interrupted call gets no token", async () => {
  await world.seed();
  assert.is((await world.failure(world.identity().token(AbortSignal.abort()))).failure, "interrupted");
});

test.run();
