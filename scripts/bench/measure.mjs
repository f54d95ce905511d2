// How the bench measures and writes its rows.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const FAST = fileURLToPath(new URL("../../dist/src/fast.cjs", import.meta.url));
export const floor = (name) => fileURLToPath(new URL(`floor/${name}`, import.meta.url));

export const quantile = (numbers, q) => [...numbers].sort((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * q))];
export const median = (numbers) => quantile(numbers, 0.5);

/** Calls each contender in turns, so that a busy moment falls on all; the first rounds warm up and do not count. */
export async function inTurns(rounds, warmUp, contenders) {
  const results = contenders.map(() => []);
  for (let round = -warmUp; round < rounds; round++) {
    for (const [at, contender] of contenders.entries()) {
      const result = await contender();
      if (round >= 0) results[at].push(result);
    }
  }
  return results;
}

/** A line of the table. */
export const row = ({ what, ours, floorName, floors, ratio, goal }) => `| ${[what, ours, floorName, floors, ratio, goal].join(" | ")} |`;

export const ms = (value) => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
export const times = (value) => `${value.toFixed(2)}×`;
export const mib = (bytes) => `${Math.round(bytes / 1024 / 1024)} MiB`;

/** A row of two medians in ms. */
export const msRow = (what, floorName, ours, floors, goal) =>
  row({ what, ours: ms(ours), floorName, floors: ms(floors), ratio: times(ours / floors), goal });

/** A line of /proc/PID/status in bytes, such as VmRSS or VmHWM; undefined when the process is gone. */
export function memoryOf(pid, key) {
  try {
    const found = new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return found === null ? undefined : Number(found[1]) * 1024;
  } catch {
    return undefined;
  }
}

/**
 * Starts a program of the bench that prints one line when it is ready. Answers that line, how to ask it something
 * (a line each way) and how to end it; it ends when its stdin does, however the bench ends.
 */
export async function startFloor(file, args, env) {
  const child = spawn(process.execPath, [file, ...args], { env, stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${file} ended`);
    return value;
  };
  return {
    line: await next(),
    async ask(question) {
      child.stdin.write(`${question}\n`);
      return Number(await next());
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}
