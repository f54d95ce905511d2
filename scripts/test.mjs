// Runs the suite: one process a file in a group of its own, with a time limit.
// uvu alone is green in four ways without testing anything (a throwing hook, a
// missing run(), a left-over only(), nothing found); each counts as a failure here.
// The last line is exactly `N passed, N failed, N skipped`, counted from what ran.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const LIMIT_MS = 240_000;
const only = process.argv.slice(2);

function* testFiles(dir) {
  for (const name of readdirSync(dir).sort()) {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) yield* testFiles(path);
    else if (name.endsWith(".test.js")) yield path;
  }
}

const source = (file) => join(root, relative(join(root, "dist"), file)).replace(/\.js$/, ".ts");

/** Ends what is left of a test's process group. */
function endGroup(pid) {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nothing was.
  }
}

const GRACE_MS = 2000;

/** Living processes of a group; one that has ended and waits to be reaped is not one. */
function membersOf(group) {
  if (!existsSync("/proc/self/stat")) return [];
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const [state, , pgrp] = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
      return Number(pgrp) === group && state !== "Z";
    } catch {
      return false;
    }
  });
}

/** Command lines of what outlives a test by more than a moment: a test must not leave children behind. */
async function leftBehind(group) {
  const end = Date.now() + GRACE_MS;
  while (membersOf(group).length > 0 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
  return membersOf(group).map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    } catch {
      return `process ${pid}`;
    }
  });
}

function run(file) {
  return new Promise((resolve) => {
    const started = Date.now();
    const child = spawn(process.execPath, ["--enable-source-maps", file], {
      cwd: root, detached: true, stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, FORCE_COLOR: "0", NODE_EXTRA_CA_CERTS: "", CI: "" },
    });
    let output = "";
    let late = false;
    const keep = (data) => {
      output = (output + data).slice(-200_000);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const timer = setTimeout(() => {
      late = true;
      endGroup(child.pid);
    }, LIMIT_MS);
    child.on("exit", async (code, signal) => {
      clearTimeout(timer);
      const ms = Date.now() - started;
      const leftover = await leftBehind(child.pid);
      endGroup(child.pid);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ file, output, ms, ...judge(file, output, code, signal, late, leftover) });
    });
  });
}

function judge(file, output, code, signal, late, leftover) {
  const number = (label) => {
    const found = [...output.matchAll(new RegExp(`^\\s*${label}:\\s+(\\d+)`, "gm"))].at(-1);
    return found === undefined ? undefined : Number(found[1]);
  };
  const total = number("Total");
  const passed = number("Passed");
  const skipped = number("Skipped") ?? 0;
  const problems = [];
  if (late) problems.push(`did not end within ${LIMIT_MS / 1000} s`);
  else if (code !== 0) problems.push(signal === null ? `exited ${code}` : `ended by ${signal}`);
  if (total === undefined || passed === undefined) problems.push("printed no totals: is run() missing?");
  else if (total + skipped === 0) problems.push("ran no test");
  else if (passed < total) problems.push(`${total - passed} of ${total} did not pass`);
  if (leftover.length > 0 && !late) problems.push(`left behind: ${leftover.join(" · ")}`);
  if (existsSync(source(file)) && /\.only\(/.test(readFileSync(source(file), "utf8"))) problems.push("has .only(");
  const failed = problems.length === 0 ? 0 : Math.max(1, (total ?? 0) - (passed ?? 0));
  return { problems, passed: passed ?? 0, failed, skipped };
}

const all = existsSync(join(root, "dist/test")) ? [...testFiles(join(root, "dist/test"))] : [];
const nameOf = (file) => relative(join(root, "dist"), file);
// A file whose source is gone is left over from an earlier build.
const files = all.filter((file) => existsSync(source(file)) && (only.length === 0 || only.some((part) => nameOf(file).includes(part))));
/** What these hold is how long things take, so they run by themselves. */
const isTimed = (file) => nameOf(file).startsWith("test/proxy/");
const sum = { passed: 0, failed: 0, skipped: 0 };

/** Runs files one after the other, as one of several that take from the same list. */
async function worker(waiting) {
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    const result = await run(file);
    sum.passed += result.passed;
    sum.failed += result.failed;
    sum.skipped += result.skipped;
    const name = nameOf(result.file);
    process.stdout.write(`${result.problems.length === 0 ? "ok  " : "FAIL"} ${name} (${result.passed} in ${(result.ms / 1000).toFixed(1)} s)\n`);
    if (result.problems.length > 0) process.stdout.write(`${result.output}\n${name}: ${result.problems.join("; ")}\n`);
  }
}
const workers = Math.max(1, Number(process.env.PACT_TEST_WORKERS) || availableParallelism());
const together = files.filter((file) => !isTimed(file));
await Promise.all(Array.from({ length: workers }, () => worker(together)));
await worker(files.filter(isTimed));
if (files.length === 0) {
  process.stdout.write("no test file was found\n");
  sum.failed += 1;
}
process.stdout.write(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped\n`);
process.exitCode = sum.failed > 0 ? 1 : 0;
