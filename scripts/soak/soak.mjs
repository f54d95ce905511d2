// `npm run soak`: what takes too long for every test run, one after the other. Names as arguments run only those.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { build } from "../build.mjs";

const SOAKS = ["one-refresh", "crash"];
const wanted = process.argv.slice(2);
for (const name of wanted) if (!SOAKS.includes(name)) throw new Error(`no soak is called ${name}: ${SOAKS.join(", ")}`);

build();
for (const name of SOAKS) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const began = Date.now();
  process.stdout.write(`${name} …\n`);
  const { status } = spawnSync(process.execPath, [fileURLToPath(new URL(`${name}.mjs`, import.meta.url))], { stdio: "inherit" });
  process.stdout.write(`${name}: ${status === 0 ? "passed" : "FAILED"} in ${Math.round((Date.now() - began) / 1000)} s\n`);
  if (status !== 0) process.exitCode = 1;
}
