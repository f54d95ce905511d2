import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { nearest } from "../../src/core/suggest.ts";

const commands = ["status", "diff", "log", "login", "logout", "watch", "commit", "exec", "shell", "site up", "site down"];

test("typing errors find the command that was meant", () => {
  assert.is(nearest("stauts", commands)[0], "status");
  assert.is(nearest("comit", commands)[0], "commit");
  assert.is(nearest("site pu", commands)[0], "site up");
  assert.equal(nearest("log", ["login", "logout", "blog"]).slice(0, 2), ["login", "logout"]);
});

test("nothing near is nothing offered, and never more than three", () => {
  assert.equal(nearest("zzzzzz", commands), []);
  fc.assert(fc.property(fc.string(), (word) => nearest(word, commands).length <= 3));
});

test.run();
