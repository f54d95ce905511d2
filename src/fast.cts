#!/usr/bin/env node
// The program as it is installed: answers --version by itself, else runs dist/fast/pact.js, the bundle of
// main.ts, through V8's code cache. CommonJS, because starting an ES module takes some milliseconds more.
import fs = require("node:fs");
import path = require("node:path");
import vm = require("node:vm");

type Module = { exports: unknown };
type Wrapper = (require: (id: string) => unknown, module: Module, exports: unknown, folder: string) => void;

/** Slower runs would store less than they used: code that has not run for a while is dropped from memory. */
const QUICK_MS = 10_000;
const FOLDER = path.join(__dirname, "../fast");

/** The cache folder; undefined where there is none to be had. */
function cacheFolder(): string | undefined {
  const { XDG_CACHE_HOME: xdg, HOME: home } = process.env;
  if (xdg !== undefined && path.isAbsolute(xdg)) return path.join(xdg, "pact");
  return home !== undefined && path.isAbsolute(home) ? path.join(home, ".cache/pact") : undefined;
}

/** V8 takes the data as it is and may crash on damage, so it is summed up; each changed word changes the sum. */
function sumOf(data: Buffer): number {
  const words = new Int32Array(data.buffer, data.byteOffset, data.length >> 2);
  let sum = data.length;
  for (let at = 0; at < words.length; at++) sum = Math.imul(sum ^ (words[at] as number), 0x01000193);
  for (let at = words.length << 2; at < data.length; at++) sum = Math.imul(sum ^ (data[at] as number), 0x01000193);
  return sum;
}

/** V8's data, then a line with its sum and the commands it was made by. Only files that nobody else can write are read. */
function readCache(file: string): { commands: string[]; data: Buffer } | undefined {
  let fd: number | undefined;
  try {
    fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
    const { uid, mode, size } = fs.fstatSync(fd);
    if (uid !== process.getuid?.() || (mode & 0o022) !== 0) return undefined;
    const all = Buffer.allocUnsafeSlow(size);
    if (fs.readSync(fd, all, 0, size, 0) !== size) return undefined;
    const end = all.lastIndexOf(10);
    const [sum, ...commands] = all.toString("latin1", end + 1).split(" ");
    const data = all.subarray(0, Math.max(end, 0));
    return Number(sum) === sumOf(data) ? { commands, data } : undefined;
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

/** Whole or not at all; a cache that cannot be written is none. */
function writeCache(folder: string, file: string, commands: readonly string[], data: Buffer): void {
  const temporary = `${file}.${process.pid}`;
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    fs.writeFileSync(temporary, Buffer.concat([data, Buffer.from(`\n${[sumOf(data), ...commands].join(" ")}`, "latin1")]), { mode: 0o600, flag: "wx" });
    fs.renameSync(temporary, file);
    // Those of other builds are of no more use.
    const [kind = ""] = path.basename(file).split("-", 1);
    for (const name of fs.readdirSync(folder)) {
      if (name.startsWith(`${kind}-`) && name.endsWith(".code") && name !== path.basename(file)) fs.rmSync(path.join(folder, name), { force: true });
    }
  } catch {
    try {
      fs.rmSync(temporary, { force: true });
    } catch {
      // Nothing was written.
    }
  }
}

const loaded = new Map<string, unknown>();
const folder = cacheFolder();
const command = /^[a-z-]{1,20}$/.exec(process.argv[2] ?? "")?.[0] ?? "shell";

/** Runs one of the bundles, once. Its code is stored at exit when this command is the first to use it. */
function run(name: string): unknown {
  if (loaded.has(name)) return loaded.get(name);
  const filename = path.join(FOLDER, `${name}.js`);
  const source = fs.readFileSync(filename, "latin1");
  // Each bundle begins with the hash of its text.
  const file = folder === undefined ? undefined : path.join(folder, `${name}-${source.slice(2, 18)}-${process.version}-${process.arch}.code`);
  const cache = file === undefined ? undefined : readCache(file);
  const script = new vm.Script(source, {
    filename,
    ...(cache === undefined ? {} : { cachedData: cache.data }),
    // Typed as if only vm.Module would do; a namespace is as good.
    importModuleDynamically: ((specifier: string) => import(specifier)) as never,
  });
  const known = cache === undefined || script.cachedDataRejected === true ? [] : cache.commands;
  if (folder !== undefined && file !== undefined && !known.includes(command) && known.length < 60) {
    process.once("exit", (code) => {
      if (code === 0 && performance.now() < QUICK_MS) writeCache(folder, file, [...known, command], script.createCachedData());
    });
  }
  const module: Module = { exports: {} };
  const wrapper = script.runInThisContext() as Wrapper;
  wrapper(load, module, module.exports, FOLDER);
  loaded.set(name, module.exports);
  return module.exports;
}

/** The packages of the first call come out of a bundle of their own. */
function load(id: string): unknown {
  if (id === "@grpc/grpc-js" || id === "protobufjs/light.js") return (run("grpc") as Record<string, unknown>)[id];
  return require(id);
}

const [, , first, ...more] = process.argv;
if ((first === "--version" || first === "-V") && more.length === 0) {
  const { version, api } = JSON.parse(fs.readFileSync(path.join(FOLDER, "about.json"), "utf8")) as { version: string; api: number };
  process.stdout.write(`pact ${version} (plugin API ${api}, Node.js ${process.versions.node})\n`);
} else {
  run("pact");
}
