#!/usr/bin/env node
// The program as it is installed: answers --version by itself, else runs main.ts out of dist/fast/pact.js, part by
// part, through V8's code cache. CommonJS, because starting an ES module takes some milliseconds more.
import fs = require("node:fs");
import path = require("node:path");
import vm = require("node:vm");

type Module = { exports: unknown };
type Wrapper = (require: (id: string) => unknown, module: Module, exports: unknown, folder: string) => void;

/** Slower runs would store less than they used: code that has not run for a while is dropped from memory. */
const QUICK_S = 10;
const MOST_COMMANDS = 60;
/** More than the first line of the file of parts takes. */
const HEAD_BYTES = 16 * 1024;
const FOLDER = path.join(__dirname, "../fast");

/** The cache folder; undefined where there is none to be had. */
function cacheFolder(): string | undefined {
  const { XDG_CACHE_HOME: xdg, HOME: home } = process.env;
  if (xdg !== undefined && path.isAbsolute(xdg)) return path.join(xdg, "pact");
  return home !== undefined && path.isAbsolute(home) ? path.join(home, ".cache/pact") : undefined;
}

/**
 * V8 takes the data as it is and may crash on damage, so it is summed up; each changed word changes the sum.
 * Four words at a time, because this runs uncompiled.
 */
function sumOf(data: Buffer): number {
  const words = new Int32Array(data.buffer, data.byteOffset, data.length >> 2);
  const quads = words.length & ~3;
  let sum = data.length;
  for (let at = 0; at < quads; at += 4) {
    sum = (sum + ((words[at] as number) ^ (words[at + 1] as number) ^ (words[at + 2] as number) ^ (words[at + 3] as number))) | 0;
  }
  for (let at = quads << 2; at < data.length; at++) sum = (sum + (data[at] as number)) | 0;
  return sum;
}

/** Where a part's code lies in the cache file, and its sum. */
type Place = readonly [start: number, length: number, sum: number];
/** The line at the cache file's end; its commands are those that have stored their code. */
interface Contents { readonly commands: readonly string[]; readonly places: Readonly<Record<string, Place>> }
interface Cache { readonly contents: Contents; readonly data: Buffer }
const NOTHING: Cache = { contents: { commands: [], places: {} }, data: Buffer.alloc(0) };

/** V8's data for each part, then a line that tells where. Only files that nobody else can write are read. */
function readCache(file: string): Cache {
  let fd: number | undefined;
  try {
    fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
    const { uid, mode, size } = fs.fstatSync(fd);
    if (uid !== process.getuid?.() || (mode & 0o022) !== 0) return NOTHING;
    const data = Buffer.allocUnsafeSlow(size);
    if (fs.readSync(fd, data, 0, size, 0) !== size) return NOTHING;
    const { commands, places } = JSON.parse(data.toString("latin1", data.lastIndexOf(10) + 1)) as Partial<Contents>;
    return Array.isArray(commands) && typeof places === "object" ? { contents: { commands, places }, data } : NOTHING;
  } catch {
    return NOTHING;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

function cachedPart({ contents, data }: Cache, name: string): Buffer | undefined {
  const place = contents.places[name];
  if (!Array.isArray(place)) return undefined;
  const [start, length, sum] = place as unknown as Place;
  // V8 and sumOf want it aligned.
  if (!(start >= 0 && start % 8 === 0 && length > 0 && start + length <= data.length)) return undefined;
  const part = data.subarray(start, start + length);
  return sumOf(part) === sum ? part : undefined;
}

/** What was known with what this run compiled. */
function newCache(known: Cache, command: string, compiled: ReadonlyMap<string, vm.Script>): Buffer {
  const parts = new Map<string, Buffer>();
  for (const name of Object.keys(known.contents.places)) {
    const part = cachedPart(known, name);
    if (part !== undefined) parts.set(name, part);
  }
  for (const [name, script] of compiled) parts.set(name, script.createCachedData());
  const places: Record<string, Place> = {};
  const pieces: Buffer[] = [];
  let at = 0;
  for (const [name, part] of parts) {
    places[name] = [at, part.length, sumOf(part)];
    const padding = Buffer.alloc((8 - (part.length % 8)) % 8);
    pieces.push(part, padding);
    at += part.length + padding.length;
  }
  const contents: Contents = { commands: [...known.contents.commands, command], places };
  return Buffer.concat([...pieces, Buffer.from(`\n${JSON.stringify(contents)}`, "latin1")]);
}

/** Not `recursive`, which never ends below /proc. */
function makeFolder(folder: string): void {
  try {
    fs.mkdirSync(folder, { mode: 0o700 });
  } catch {
    // It is there, or what comes next fails.
  }
}

/** Whole or not at all; a cache that cannot be written is none. */
function writeCache(folder: string, file: string, data: Buffer): void {
  const temporary = `${file}.${process.pid}`;
  try {
    makeFolder(path.dirname(folder));
    makeFolder(folder);
    fs.writeFileSync(temporary, data, { mode: 0o600, flag: "wx" });
    fs.renameSync(temporary, file);
    // Those of other builds are of no more use.
    for (const name of fs.readdirSync(folder)) {
      if (name.endsWith(".code") && name !== path.basename(file)) fs.rmSync(path.join(folder, name), { force: true });
    }
  } catch {
    try {
      fs.rmSync(temporary, { force: true });
    } catch {
      // Nothing was written.
    }
  }
}

/** The file of parts: opened once, so that a build meanwhile changes nothing for this run. */
function openParts(filename: string): { readonly hash: string; text(name: string): string } {
  const fd = fs.openSync(filename, "r");
  const read = (start: number, length: number): Buffer => {
    const bytes = Buffer.allocUnsafeSlow(length);
    return bytes.subarray(0, fs.readSync(fd, bytes, 0, length, start));
  };
  const head = read(0, HEAD_BYTES);
  const end = head.indexOf(10);
  const { hash, places } = JSON.parse(head.toString("latin1", 2, end)) as { hash: string; places: Record<string, [number, number]> };
  return {
    hash,
    text(name) {
      const [start, length] = places[name] as [number, number];
      return read(end + 1 + start, length).toString("latin1");
    },
  };
}

/** Runs the program out of its parts. The code that they compiled to is stored at exit when this command is the first to use it. */
function run(): void {
  const filename = path.join(FOLDER, "pact.js");
  const parts = openParts(filename);
  const folder = cacheFolder();
  const file = folder === undefined ? undefined : path.join(folder, `pact-${parts.hash}-${process.version}-${process.arch}.code`);
  const cache = file === undefined ? NOTHING : readCache(file);
  const compiled = new Map<string, vm.Script>();
  const loaded = new Map<string, Module>();
  let rejected = false;

  const load = (id: string): unknown => {
    // The packages of the first call are a part of their own.
    if (id === "@grpc/grpc-js" || id === "protobufjs/light.js") return (part("grpc") as Record<string, unknown>)[id];
    return id.startsWith("./") && id.endsWith(".js") ? part(id.slice(2, -3)) : require(id);
  };
  const part = (name: string): unknown => {
    const known = loaded.get(name);
    if (known !== undefined) return known.exports;
    const cachedData = cachedPart(cache, name);
    const script = new vm.Script(parts.text(name), {
      filename: `${filename}/${name}`,
      ...(cachedData === undefined ? {} : { cachedData }),
      // Typed as if only vm.Module would do; a namespace is as good.
      importModuleDynamically: ((specifier: string) => import(specifier)) as never,
    });
    rejected ||= script.cachedDataRejected === true;
    compiled.set(name, script);
    const module: Module = { exports: {} };
    // Parts may need one another in a circle: each sees what the other has so far.
    loaded.set(name, module);
    (script.runInThisContext() as Wrapper)(load, module, module.exports, FOLDER);
    return module.exports;
  };

  const command = /^[a-z_-]{1,20}$/.exec(process.argv[2] ?? "")?.[0] ?? "shell";
  process.once("exit", (code) => {
    const old = rejected ? NOTHING : cache;
    if (old.contents.commands.includes(command) || old.contents.commands.length >= MOST_COMMANDS) return;
    if (folder === undefined || file === undefined || code !== 0 || process.uptime() > QUICK_S) return;
    writeCache(folder, file, newCache(old, command, compiled));
  });
  part("main");
}

const [, , first, ...more] = process.argv;
if ((first === "--version" || first === "-V") && more.length === 0) {
  const { version, api } = JSON.parse(fs.readFileSync(path.join(FOLDER, "about.json"), "utf8")) as { version: string; api: number };
  process.stdout.write(`pact ${version} (plugin API ${api}, Node.js ${process.versions.node})\n`);
} else {
  run();
}
