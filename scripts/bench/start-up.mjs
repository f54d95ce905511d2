// From start to exit: three one-shot commands beside the least a Node program takes.
import { spawn } from "node:child_process";
import { FAST, floor, inTurns, median, msRow } from "./measure.mjs";

export const RUNS = 21;

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

export async function startUp({ env, agent }) {
  const scriptEnv = { ...env, BENCH_NODE: "node-001", BENCH_AGENT: agent };
  const [node, version, help, status, script] = (await inTurns(RUNS, 2, [
    () => time(["-e", "0"], env), () => time([FAST, "--version"], env), () => time([FAST, "help"], env),
    () => time([FAST, "status", "node-001", "--output", "json"], env), () => time([floor("status-script.mjs")], scriptEnv),
  ])).map(median);
  return [
    msRow("`pact --version`", "`node -e 0`", version, node, "≤ 1.5×"),
    msRow("`pact help`", "`node -e 0`", help, node, "≤ 1.8×"),
    msRow("`pact status NODE --output json`", "a grpc-js + proto-loader script, same calls", status, script, "≤ 1.0×"),
  ];
}
