// The journal's crash test again and again: four times its five kills.
// Usage: node scripts/soak/crash.mjs [TIMES]
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const TIMES = Number(process.argv[2] ?? 4);
const KILLS = 5;
const file = fileURLToPath(new URL("../../dist/test/site/journal/crash.test.js", import.meta.url));
let failed = 0;
for (let time = 0; time < TIMES; time += 1) {
  const ran = spawnSync(process.execPath, ["--enable-source-maps", file], { encoding: "utf8", timeout: 120_000 });
  if (ran.status === 0 && /Passed:\s+2\b/.test(ran.stdout)) continue;
  failed += 1;
  process.stdout.write(`${ran.stdout}${ran.stderr}`);
}
process.stdout.write(`${TIMES * KILLS} kills under 32 writers: ${failed === 0 ? "nothing lost" : `${failed} of ${TIMES} times failed`}\n`);
process.exitCode = failed === 0 ? 0 : 1;
