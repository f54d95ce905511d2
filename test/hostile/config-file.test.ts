// cli.toml replaced by something that is no file: said at once, never waited for.
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { tempFolder } from "../support/folder.ts";
import { runPact, scrubbedEnv } from "../support/site.ts";

const REPLACED: Readonly<Record<string, (path: string) => void>> = {
  folder: (path) => mkdirSync(path),
  pipe: (path) => void execFileSync("mkfifo", ["-m", "600", path]),
  device: (path) => symlinkSync("/dev/zero", path),
  "huge file": (path) => {
    writeFileSync(path, "", { mode: 0o600 });
    truncateSync(path, 3 * 1024 ** 3);
  },
};

for (const [what, replace] of Object.entries(REPLACED)) {
  test(`a ${what} in the place of cli.toml is told, with 1`, async () => {
    const home = tempFolder();
    const folder = join(home, ".config/pact");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    replace(join(folder, "cli.toml"));
    const ran = await runPact(["whoami"], scrubbedEnv(home));
    assert.is(ran.status, 1, ran.stderr);
    assert.match(ran.stderr, /cannot read \S+cli\.toml\n {2}why: it is (?:not a plain file|larger than 1 MiB)/);
  });
}

test.run();
