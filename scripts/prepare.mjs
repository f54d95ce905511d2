// Makes a checkout ready to run: installs packages when the lock file changed, builds when sources
// did. Everything it says goes to stderr. Only Node's own modules: it runs before any other is there.
import { createHash } from "node:crypto";
import { spawn } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { alone } from "./lock.mjs";

export const root = fileURLToPath(new URL("..", import.meta.url));
const lockFile = join(root, "package-lock.json");
const stamp = join(root, "node_modules/.pact-lock-hash");
/** Debian's packages for what node-pty is compiled with. */
const TOOLS = [["python3", "python3"], ["make", "make"], ["g++", "g++"]];

/** Preparation failed: `message` says what, `hint` what to do. */
export class Unprepared extends Error {
  constructor(message, hint) {
    super(message);
    this.hint = hint;
  }
}

export const say = (line) => void process.stderr.write(`${line}\n`);

/** Tells a failure the way pact tells its own; the exit status becomes 1. */
export function tell(error) {
  say(`error: ${error.message}`);
  if (error.hint !== undefined) say(`  try: ${error.hint}`);
  process.exitCode = 1;
}

function onPath(program) {
  return (process.env.PATH ?? "").split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** What is installed depends on the lock file and on the kind of machine. */
function wanted() {
  return createHash("sha256").update(readFileSync(lockFile)).update(`${process.platform} ${process.arch}`).digest("hex");
}

function isInstalled(hash) {
  if (existsSync(stamp)) return readFileSync(stamp, "utf8").trim() === hash;
  // An install by hand leaves npm's own record, written when it was complete.
  const record = statSync(join(root, "node_modules/.package-lock.json"), { throwIfNoEntry: false });
  return record !== undefined && record.mtimeMs >= statSync(lockFile).mtimeMs;
}

/**
 * Where this Node's headers are, when they came with it. Without being told, node-gyp downloads them,
 * which fails on machines that reach a package registry only.
 */
function headers() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  return existsSync(join(prefix, "include/node/node_api.h")) ? { npm_config_nodedir: prefix } : {};
}

/** Runs npm ci with its output on stderr; resolves to its exit status. */
function npmCi() {
  const cli = process.env.npm_execpath;
  const viaNode = cli !== undefined && /npm-cli\.[cm]?js$/.test(cli);
  const [program, ...first] = viaNode ? [process.execPath, cli] : ["npm"];
  const args = [...first, "ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, env: { ...headers(), ...process.env }, stdio: ["ignore", 2, 2] });
    child.once("error", () => resolve(127));
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

async function install(hash) {
  say("installing packages (npm ci) …");
  const status = await npmCi();
  if (status === 127) throw new Unprepared("npm is not on the PATH", "install Node.js 20 or later with npm");
  if (status !== 0) {
    const missing = TOOLS.filter(([program]) => !onPath(program)).map(([, name]) => name);
    throw missing.length > 0
      ? new Unprepared(`npm ci failed (exit ${status}); node-pty is compiled here, and ${missing.join(", ")} cannot be found`, `apt-get install ${missing.join(" ")}`)
      : new Unprepared(`npm ci failed (exit ${status}); its reasons stand above`, "check the network and the registry, then the same command again");
  }
  writeFileSync(stamp, `${hash}\n`);
}

async function bringUpToDate() {
  const hash = wanted();
  if (!isInstalled(hash)) await install(hash);
  else if (!existsSync(stamp)) writeFileSync(stamp, `${hash}\n`);
  const { build } = await import("./build.mjs");
  const began = Date.now();
  try {
    if (build()) say(`built in ${((Date.now() - began) / 1000).toFixed(1)} s`);
  } catch (error) {
    throw new Unprepared(error.message, "node scripts/build.mjs --force");
  }
}

/** Throws Unprepared. Two at once take turns, and the second finds nothing to do. */
export async function prepare() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Unprepared(`pact needs Node.js 20.19 or later; this is ${process.versions.node}`, "install a newer Node.js");
  }
  await alone(join(root, "dist/.preparing"), () => say("another start prepares this checkout; waiting for it …"), bringUpToDate);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await prepare().catch(tell);
