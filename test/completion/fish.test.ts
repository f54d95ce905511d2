// `pact completion fish` in a real fish, which completes without a terminal too.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { HOSTILE, type World, putPact, withShell, world } from "./world.ts";

const fish = withShell("fish");
let here: World;

test.before(() => {
  here = world();
});

/** What fish offers for a line, with the notes. */
function offered(line: string, at = here, before = ""): string[] {
  const { stdout, stderr } = spawnSync("fish", ["--no-config", "-c", `pact completion fish | source; ${before}; complete -C $argv[1]`, line], { env: at.env, cwd: at.work, encoding: "utf8" });
  assert.is(stderr, "");
  return stdout.split("\n").filter((text) => text !== "");
}

fish("commands, flags, values, names and files are offered", () => {
  assert.equal(offered("pact sta"), ["status\tShow node state, drift and capabilities"]);
  assert.equal(offered("pact exec m"), ["ml-001\tml-training", "ml-002\tml-training"]);
  assert.equal(offered("pact --output json exec 'g"), ["gpu-1\tdev"]);
  assert.equal(offered("pact status --output=js"), ["--output=json"]);
  assert.equal(offered("pact log --scope node:g"), ["node:gpu-1\tdev"]);
  assert.equal(offered("pact run ni").map((text) => text.split("\t")[0]), ["night checks.pact"]);
  assert.equal(offered("pact site up --dir=ch").map((text) => text.split("\t")[0]), ["--dir=checks/"]);
  assert.equal(offered("pact exec ml-001 -- "), []);
  assert.equal(offered("pact nonsense "), []);
});

fish("an answer that is meant to do harm is never evaluated", () => {
  const hostile = world();
  const script = join(hostile.home, "hostile");
  putPact({ home: script }, HOSTILE);
  assert.ok(offered("pact x", hostile, `set -x PATH ${join(script, "bin")} $PATH`).some((text) => text.includes("touch HARM")));
  assert.not.ok(existsSync(join(hostile.work, "HARM")));
});

test.run();
