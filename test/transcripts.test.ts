// Plays every transcript in test/transcripts with the built program against a
// fresh site each. UPDATE=1 writes what came instead of comparing.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { playTranscript } from "./support/transcript.ts";

const folder = fileURLToPath(new URL("../../test/transcripts", import.meta.url));
const update = process.env["UPDATE"] === "1";
const chosen = process.argv.slice(2);

for (const name of readdirSync(folder).filter((file) => file.endsWith(".txt")).sort()) {
  if (chosen.length > 0 && !chosen.some((part) => name.includes(part))) continue;
  test(`transcript ${name}`, async () => {
    const differences = await playTranscript(join(folder, name), update);
    if (!update) assert.is(differences.join("\n\n"), "");
  });
}

test.run();
