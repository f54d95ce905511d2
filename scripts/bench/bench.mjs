// `npm run bench`: how fast pact is beside what the machine can do at best, measured in turns in the same
// run. Prints a table; --write puts it into README.md too. No other place writes numbers there.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "../build.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const RUNS = 21;
const FAST = join(root, "dist/src/fast.cjs");
const SCRIPT = join(root, "scripts/bench/script.mjs");

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

/** Milliseconds from start to exit; a run that fails is no measurement. */
function time(args, env) {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"] });
    child.stdout.resume();
    child.once("error", reject);
    child.once("close", (code) => (code === 0 ? resolve(performance.now() - began) : reject(new Error(`node ${args.join(" ")} ended with ${code}`))));
  });
}

/** Runs all in turns, so that a busy moment falls on each; the first two rounds fill caches and do not count. */
async function inTurns(contenders) {
  const times = contenders.map(() => []);
  for (let round = -2; round < RUNS; round++) {
    for (const [at, { args, env }] of contenders.entries()) {
      const ms = await time(args, env);
      if (round >= 0) times[at].push(ms);
    }
  }
  return times.map(median);
}

const row = (what, floor, ms, floorMs, goal) =>
  `| ${what} | ${ms.toFixed(1)} ms | ${floor} | ${floorMs.toFixed(1)} ms | ${(ms / floorMs).toFixed(2)}× | ${goal} |`;

async function startUp(env, site) {
  const agent = site.file.nodes.find(({ node_id }) => node_id === "node-001").endpoint;
  const scriptEnv = { ...env, BENCH_NODE: "node-001", BENCH_AGENT: agent };
  const [node, version, help, status, script] = await inTurns([
    { args: ["-e", "0"], env }, { args: [FAST, "--version"], env }, { args: [FAST, "help"], env },
    { args: [FAST, "status", "node-001", "--output", "json"], env }, { args: [SCRIPT], env: scriptEnv },
  ]);
  return [
    row("`pact --version`", "`node -e 0`", version, node, "≤ 1.5×"),
    row("`pact help`", "`node -e 0`", help, node, "≤ 1.8×"),
    row("`pact status NODE --output json`", "a grpc-js + proto-loader script, same calls", status, script, "≤ 1.0×"),
  ];
}

build();
const home = mkdtempSync(join(tmpdir(), "pact-bench-"));
const { launchSite } = await import("../../dist/src/site/launch.js");
const { stopSite } = await import("../../dist/src/site/stop.js");
const { askSite } = await import("../../dist/src/site/control.js");
const { sitePaths } = await import("../../dist/src/site/paths.js");
const dir = join(home, ".local/share/pact/site");
try {
  const site = await launchSite({ dir, port: 0, nodes: 2 });
  const { token } = await askSite(sitePaths(dir).socket, { do: "token", user: "admin" });
  // A scrubbed environment: NODE_EXTRA_CA_CERTS alone costs every start some 30 ms.
  const env = { PATH: process.env.PATH, HOME: home, LANG: "C.UTF-8", TERM: "dumb", PACT_ENDPOINT: site.file.journal.grpc, PACT_TOKEN: token };
  const table = [
    `Medians of ${RUNS} runs in turns; ${availableParallelism()} cores, Node.js ${process.versions.node}, ${process.platform} ${process.arch}.`, "",
    "| what | pact | floor | floor's time | ratio | goal |", "|---|---|---|---|---|---|", ...await startUp(env, site),
  ].join("\n");
  process.stdout.write(`${table}\n`);
  if (process.argv.includes("--write")) {
    const path = join(root, "README.md");
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace(/(<!-- begin bench -->\n)[^]*?(<!-- end bench -->)/, (_, begin, end) => `${begin}${table}\n${end}`));
  }
} finally {
  await stopSite(dir).catch(() => undefined);
  rmSync(home, { recursive: true, force: true });
}
