// 256 MiB of a command's output, from a node to a pipe, beside a bare gRPC stream of a child's pipe: same chunks, same windows.
import { spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FAST, floor, inTurns, median, memoryOf, mib, row, startFloor, times } from "./measure.mjs";

const ROUNDS = 15;
const SIZE = 256 * 1024 * 1024;

/** Runs a program whose output is 256 MiB; MiB/s from its start to its end, and the most memory it held. */
function pour(args, env) {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"] });
    let bytes = 0;
    let memory = 0;
    // VmHWM only grows: the last look before the end is close to the most.
    const look = setInterval(() => (memory = memoryOf(child.pid, "VmHWM") ?? memory), 20);
    child.stdout.on("data", (part) => (bytes += part.length));
    child.once("error", reject);
    child.once("close", (code) => {
      clearInterval(look);
      if (code === 0 && bytes === SIZE) resolve({ speed: SIZE / 1024 / 1024 / ((performance.now() - began) / 1000), memory });
      else reject(new Error(`${args[0]} ended with ${code} after ${bytes} bytes`));
    });
  });
}

export async function execOutput({ env, dir }) {
  const file = join(dir, "nodes/node-001/root/var/bench-output");
  const line = Buffer.from(`${"0123456789abcdef".repeat(8).slice(1)}\n`);
  writeFileSync(file, Buffer.alloc(SIZE, line));
  const server = await startFloor(floor("pour-server.mjs"), [file], env);
  try {
    const [ours, floors] = await inTurns(ROUNDS, 1, [
      () => pour([FAST, "exec", "node-001", "--", "cat", "/var/bench-output"], env),
      () => pour([floor("pour-client.mjs"), server.line], env),
    ]);
    const speed = (runs) => median(runs.map((run) => run.speed));
    return [row({
      what: "`exec` of 256 MiB", ours: `${speed(ours).toFixed(0)} MiB/s, client ${mib(Math.max(...ours.map((run) => run.memory)))}`,
      floorName: "a bare gRPC stream of a child's pipe", floors: `${speed(floors).toFixed(0)} MiB/s, client ${mib(Math.max(...floors.map((run) => run.memory)))}`,
      ratio: times(speed(ours) / speed(floors)), goal: "≥ 0.8×, ≤ 150 MiB",
    })];
  } finally {
    await server.stop();
    rmSync(file, { force: true });
  }
}
