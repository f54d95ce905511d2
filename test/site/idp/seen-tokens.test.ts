// The memory of accepted tokens: asked once, never longer than the token lives, never for one that was refused.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { rememberTokens } from "../../../src/site/idp/seen-tokens.ts";

const LEEWAY_S = 5;

function memory() {
  let nowS = 1_000;
  const asked: string[] = [];
  const read = rememberTokens(async (token) => {
    asked.push(token);
    if (token.startsWith("bad")) throw new Error("refused");
    return { sub: token, exp: 1_100, nbf: 990 };
  }, () => nowS * 1000, LEEWAY_S);
  return { read, asked, at: (seconds: number) => (nowS = seconds) };
}

test("an accepted token is checked once", async () => {
  const { read, asked } = memory();
  assert.is((await read("a")).sub, "a");
  assert.is((await read("a")).sub, "a");
  assert.is((await read("b")).sub, "b");
  assert.equal(asked, ["a", "b"]);
});

test("a refused token is checked each time", async () => {
  const { read, asked } = memory();
  for (let time = 0; time < 2; time += 1) await read("bad").then(() => assert.unreachable(), (error: Error) => assert.is(error.message, "refused"));
  assert.equal(asked, ["bad", "bad"]);
});

test("a remembered token ends when the leeway after its end is over", async () => {
  const { read, at } = memory();
  await read("a");
  at(1_104);
  assert.is((await read("a")).sub, "a");
  at(1_105);
  await read("a").then(() => assert.unreachable(), (error: Error) => assert.is(error.name, "JWTExpired"));
});

test("when the clock went back before the token's beginning, the check decides", async () => {
  const { read, asked, at } = memory();
  await read("a");
  at(984);
  await read("a");
  assert.equal(asked, ["a", "a"]);
});

test("no more than a thousand are kept", async () => {
  const { read, asked } = memory();
  for (let n = 0; n < 1_001; n += 1) await read(`t${n}`);
  asked.length = 0;
  await read("t1000");
  await read("t0");
  assert.equal(asked, ["t0"]);
});

test.run();
