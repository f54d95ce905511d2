// Builds dist/ when a source is newer than the last build: wire types from proto/, tsc, the bundles.
// Two builds at once take turns; the second finds nothing to do.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync, chmodSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const gen = join(root, "src/contract/gen");
const stamp = join(root, "dist/.built");

/** Newest modification time below a path, in ms; generated code does not count. */
function newest(path) {
  if (path === gen || !existsSync(path)) return 0;
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  let latest = stat.mtimeMs;
  for (const name of readdirSync(path)) latest = Math.max(latest, newest(join(path, name)));
  return latest;
}

function run(script, args) {
  const done = spawnSync(process.execPath, [join(root, script), ...args], { cwd: root, encoding: "utf8" });
  if (done.status !== 0) {
    process.stderr.write(`${done.stdout}${done.stderr}`);
    throw new Error(`build failed in ${script}`);
  }
}

/** Brings dist/ up to date; returns whether anything was built. */
export function build({ force = false } = {}) {
  const protos = readdirSync(join(root, "proto/pact")).map((name) => `pact/${name}`);
  const genStamp = join(gen, ".built");
  const staleGen = !existsSync(genStamp) || newest(join(root, "proto")) > statSync(genStamp).mtimeMs;
  const sources = ["src", "plugins", "test", "scripts/bundle.mjs", "tsconfig.json", "package.json"].map((name) => newest(join(root, name)));
  const stale = force || staleGen || !existsSync(stamp) || Math.max(...sources) > statSync(stamp).mtimeMs;
  if (!stale) return false;
  if (staleGen) {
    rmSync(gen, { recursive: true, force: true });
    run("node_modules/@grpc/proto-loader/build/bin/proto-loader-gen-types.js", [
      "--longs=String", "--enums=String", "--defaults", "--oneofs", "--keepCase", "--grpcLib=@grpc/grpc-js",
      "--importFileExtension=.ts", "--targetFileExtension=.ts", "--includeDirs=proto", `--outDir=${gen}`, ...protos,
    ]);
    // The files at the top only gather the others; nothing imports them.
    for (const name of readdirSync(gen)) if (name.endsWith(".ts")) rmSync(join(gen, name));
    writeFileSync(genStamp, "");
  }
  // Sources may change while they are compiled; the stamp carries the time that began. What is generated changes src/contract before it.
  const began = new Date();
  run("node_modules/typescript/bin/tsc", ["-p", "."]);
  run("scripts/bundle.mjs", []);
  for (const name of ["main.js", "fast.cjs"]) chmodSync(join(root, "dist/src", name), 0o755);
  mkdirSync(join(root, "dist"), { recursive: true });
  writeFileSync(stamp, "");
  utimesSync(stamp, began, began);
  return true;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    build({ force: process.argv.includes("--force") });
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
