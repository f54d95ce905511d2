// The running site's own token: asked on its control socket, the last resort, and
// renewed by asking again.
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SIGNAL, startWorld, type World } from "./world.ts";

let world: World;
let site: { readonly asked: string[]; answer: (() => Promise<string | undefined>) | undefined; readonly server: Server };
test.before.each(async () => {
  world = await startWorld();
  const asked: string[] = [];
  const server = createServer((socket) => {
    socket.setEncoding("utf8").on("error", () => undefined);
    socket.once("data", async (line) => {
      asked.push(String(line));
      const text = await site.answer?.();
      if (text !== undefined) socket.end(text);
    });
  });
  site = { asked, server, answer: minted(3600) };
  await new Promise<void>((resolve) => server.listen(join(world.configDir, "control.sock"), resolve));
});
test.after.each(async () => {
  await new Promise<void>((resolve) => site.server.close(() => resolve()));
  await world.close();
});

const minted = (ttlS: number) => async (): Promise<string> =>
  `${JSON.stringify({ ok: true, token: await world.idp.mint({ sub: "admin", role: "pact-platform-admin", principalType: "human" }, ttlS) })}\n`;
const identity = () => world.identity({ site: { dir: world.configDir } });

test("without any other token the site's default user is asked for, an hour long", async () => {
  const who = await identity().whoami();
  assert.equal([who.principal, who.role, who.tokenSource], ["admin", "pact-platform-admin", "site default user"]);
  assert.equal(JSON.parse(site.asked[0] ?? ""), { do: "token", ttl_s: 3600 });
  assert.ok(site.asked[0]?.endsWith("\n"));
});

test("a login comes before the site's own token", async () => {
  await world.seed();
  assert.is((await identity().whoami()).principal, "ops");
  assert.is(site.asked.length, 0);
});

test("the token is kept until a minute before its end, then asked for again", async () => {
  const one = identity();
  const first = await one.token(SIGNAL);
  world.clock.advance(3_500_000);
  assert.is(await one.token(SIGNAL), first);
  world.clock.advance(50_000);
  assert.is.not(await one.token(SIGNAL), first);
  assert.is(site.asked.length, 2);
});

test("many calls at once ask once, and a refused token is replaced", async () => {
  const one = identity();
  const [first = ""] = await Promise.all(Array.from({ length: 20 }, () => one.token(SIGNAL)));
  assert.is(site.asked.length, 1);
  const next = await Promise.all(Array.from({ length: 20 }, () => one.refresh(first, SIGNAL)));
  assert.is(new Set(next).size, 1);
  assert.is.not(next[0], first);
  assert.is(site.asked.length, 2);
});

test("a site that refuses, talks nonsense, says too much or is gone counts as no site", async () => {
  for (const text of [`{"ok":false,"error":"no"}\n`, "nonsense\n", "{}\n", `{"ok":true,"token":7}\n`, `{"ok":true,"token":"no jwt"}\n`, "x".repeat(1_000_000), ""]) {
    site.answer = async () => text;
    assert.match((await world.failure(identity().token(SIGNAL))).message, /not logged in/, text.slice(0, 20));
  }
  assert.match((await world.failure(world.identity({ site: { dir: join(world.configDir, "none") } }).token(SIGNAL))).message, /not logged in/);
});

test("a site that does not answer is given up at the deadline", async () => {
  site.answer = async () => undefined;
  assert.match((await world.failure(world.identity({ site: { dir: world.configDir }, timeoutMs: 200 }).token(SIGNAL))).message, /not logged in/);
});

test("who is somebody by a login is nobody else when it ends; a logout, or a start after the end, makes room for the site's user", async () => {
  const used = await world.seed();
  const one = identity();
  assert.is(await one.token(SIGNAL), used.access_token);
  const shown = identity();
  assert.is((await shown.whoami()).principal, "ops");
  await world.seed({ expires_at: new Date(world.clock.now() - 1000).toISOString(), refresh_token: "revoked" });
  for (const which of [one, shown]) {
    const error = await world.failure(which.token(SIGNAL));
    assert.equal([error.failure, error.about.hint], ["unauthenticated", "pact login"]);
    assert.match(error.message, /your login to .* has ended/);
    assert.ok(await which.lapsed(SIGNAL));
  }
  assert.is(site.asked.length, 0);
  assert.is((await world.idp.verify(await identity().token(SIGNAL))).principal, "admin");
  await one.logout(SIGNAL);
  assert.is((await world.idp.verify(await one.token(SIGNAL))).principal, "admin");
  assert.not.ok(await one.lapsed(SIGNAL));
});

test("only a login that is over has lapsed: none, a good one, a renewable one and a hidden one have not", async () => {
  const past = new Date(world.clock.now() - 1000).toISOString();
  assert.not.ok(await world.identity().lapsed(SIGNAL));
  await world.seed();
  assert.not.ok(await world.identity().lapsed(SIGNAL));
  await world.seed({ expires_at: past });
  assert.not.ok(await world.identity().lapsed(SIGNAL));
  await world.seed({ expires_at: past, refresh_token: null });
  assert.ok(await world.identity().lapsed(SIGNAL));
  const token = { value: await world.idp.mint({ sub: "x", role: "r", principalType: "human" }, 600), from: "env", where: "PACT_TOKEN" } as const;
  const hidden = world.identity({ token });
  assert.not.ok(await hidden.lapsed(SIGNAL));
  assert.equal(hidden.hiding(), { what: "the token from PACT_TOKEN", remedy: "unset PACT_TOKEN" });
});

test("logout says that the site's own token remains", async () => {
  await world.seed();
  assert.equal((await identity().logout(SIGNAL)).remaining, ["site default user"]);
});

test.run();
