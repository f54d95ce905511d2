// The journal away: commands run as ever, their entries wait on disk and follow in order.
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { exec, NODE, openBench, ops, until } from "./support/agents.ts";

test("entries are kept while the journal is down, also over a restart, and replayed once and in order", async () => {
  const bench = await openBench();
  try {
    const path = join(bench.dir, "nodes", NODE, "spool.jsonl");
    assert.is((await exec(bench, ops, ["echo", "before"])).exitCode, 0);
    await bench.journal.down();
    for (const word of ["one", "two"]) assert.is((await exec(bench, ops, ["echo", word])).stdout.toString(), `${word}\n`);
    assert.is(statSync(path).mode & 0o777, 0o600);
    assert.is(readFileSync(path, "utf8").trim().split("\n").length, 2);
    await bench.restart();
    assert.is((await exec(bench, ops, ["echo", "three"])).exitCode, 0);
    await bench.journal.up();
    await until("the journal has all", () => bench.journal.texts("ENTRY_TYPE_EXEC_LOG").length >= 4, 20_000);
    assert.is((await exec(bench, ops, ["echo", "after"])).exitCode, 0);
    const words = bench.journal.texts("ENTRY_TYPE_EXEC_LOG").map((text) => /^exec:echo (\w+) exit=0/.exec(text)?.[1]);
    assert.equal(words, ["before", "one", "two", "three", "after"]);
    await until("nothing waits", () => !existsSync(path));
  } finally {
    await bench.close();
  }
});

test.run();
