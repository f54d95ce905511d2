// Makes of dist/src what starts fast: service definitions as JSON, two bundles in dist/fast, and the
// module that `pact/api` is for plugins. docs/layout.md, "Starting fast", tells how they are used.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const src = join(root, "dist/src");
const fast = join(root, "dist/fast");

/** Whole or not at all: somebody may be starting the program. */
function write(path, text) {
  writeFileSync(`${path}.${process.pid}`, text);
  renameSync(`${path}.${process.pid}`, path);
}

const SERVICES = {
  "pact.journal.ConfigService": "journal", "pact.policy.PolicyService": "policy", "pact.enrollment.EnrollmentService": "enrollment",
  "pact.stream.BootConfigService": "stream", "pact.shell.ShellService": "shell", "pact.site.NodeStateService": "site",
};

/** Each service with the messages its file needs, as protobufjs reads it. */
async function definitions() {
  const { default: protobuf } = await import("protobufjs");
  for (const [service, file] of Object.entries(SERVICES)) {
    const definition = new protobuf.Root();
    definition.resolvePath = (origin, target) => (target.startsWith("pact/") ? join(root, "proto", target) : resolve(origin, target));
    definition.loadSync(`pact/${file}.proto`, { keepCase: true });
    write(join(src, "contract", `${service}.json`), JSON.stringify(definition.resolveAll().toJSON()));
  }
}

/** Files of ours say where they are; modules from outside are imported by Node itself. */
const ours = {
  name: "ours",
  setup(build) {
    build.onResolve({ filter: /^pact\/api$/ }, () => ({ path: join(src, "api/index.js") }));
    build.onLoad({ filter: /dist\/src\/.*\.js$/ }, ({ path }) => ({
      loader: "js",
      contents: readFileSync(path, "utf8")
        .replaceAll("import.meta.url", `require("node:url").pathToFileURL(require("node:path").join(__folder, "../src", ${JSON.stringify(relative(src, path))})).href`)
        .replace(/\bimport\((?="oidc-provider"\)|[^"'\s])/g, "__import("),
    }));
  },
};

const BASIC = {
  platform: "node", target: "node20.19", charset: "ascii", legalComments: "none", minifyWhitespace: true, minifySyntax: true,
  supported: { "dynamic-import": false }, logLevel: "error",
};
const EXTERNAL = ["@grpc/grpc-js", "protobufjs/light.js", "lmdb", "node-pty", "oidc-provider"];

/** Source text handed to esbuild under names of its own. */
const given = (texts) => ({
  name: "given",
  setup(build) {
    build.onResolve({ filter: /^given:/ }, ({ path }) => ({ path, namespace: "given" }));
    build.onLoad({ filter: /.*/, namespace: "given" }, ({ path }) => ({ contents: texts[path], resolveDir: src, loader: "js" }));
  },
});

/** The program cut where it loads on demand: name of each part → CommonJS text. */
async function programParts(esbuild) {
  const { outputFiles } = await esbuild.build({
    ...BASIC, bundle: true, write: false, splitting: true, format: "esm", supported: {}, outdir: fast, entryNames: "[name]-[hash]",
    external: EXTERNAL, absWorkingDir: root,
    entryPoints: [{ in: "given:start", out: "main" }],
    plugins: [given({
      "given:start": `import "given:api";import "./main.js";`,
      "given:api": `import * as api from "pact/api";globalThis[Symbol.for("pact/api")]=api;`,
    }), ours],
  });
  return await Promise.all(outputFiles.map(async ({ path, text }) => {
    const { code } = await esbuild.transform(text, { ...BASIC, format: "cjs" });
    const name = basename(path, ".js");
    return [name.startsWith("main-") ? "main" : name, code];
  }));
}

/** The packages of the first call, as one part. */
async function callParts(esbuild) {
  const { outputFiles: [file] } = await esbuild.build({
    ...BASIC, bundle: true, write: false, format: "cjs", external: ["@grpc/proto-loader"], absWorkingDir: root,
    stdin: {
      // In a bundle protobufjs does not find the package for 64-bit numbers by itself.
      contents: `const light=require("protobufjs/light.js");light.util.Long=require("long");light.configure();
        module.exports={"@grpc/grpc-js":require("@grpc/grpc-js"),"protobufjs/light.js":light};`,
      resolveDir: src, sourcefile: "grpc.js",
    },
  });
  return [["grpc", file.text]];
}

/**
 * All parts in one file. Its first line is a comment with the file's hash, which names the cached code, and where
 * each part lies: whoever has opened the file has all of one build, whatever is built meanwhile.
 */
function joined(parts) {
  // One expression each: a function that src/fast.cts calls. The real import() is kept for what esbuild must not see.
  const texts = parts.map(([name, code]) => [name, `(function(require,module,exports,__folder){const __import=(specifier)=>import(specifier);${code}\n})`]);
  const places = {};
  let at = 0;
  for (const [name, text] of texts) {
    places[name] = [at, text.length];
    at += text.length + 1;
  }
  const body = texts.map(([, text]) => `${text}\n`).join("");
  const hash = createHash("sha256").update(body).digest("hex").slice(0, 16);
  return `//${JSON.stringify({ hash, places })}\n${body}`;
}

/** Throws when the parts cannot be made. */
async function makeFast() {
  mkdirSync(fast, { recursive: true });
  const esbuild = await import("esbuild");
  const parts = (await Promise.all([programParts(esbuild), callParts(esbuild)])).flat();
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const api = await import(pathToFileURL(join(src, "api/index.js")).href);
  write(join(fast, "pact.js"), joined(parts));
  write(join(fast, "api.js"), [
    "// pact/api for plugins: the instance of the program that runs, be it bundled or not.",
    `const api = globalThis[Symbol.for("pact/api")] ?? (await import("../src/api/index.js"));`,
    `export const { ${Object.keys(api).sort().join(", ")} } = api;`, "",
  ].join("\n"));
  write(join(fast, "about.json"), JSON.stringify({ version, api: api.API }));
}

await definitions();
await makeFast();
