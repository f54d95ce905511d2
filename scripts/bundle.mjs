// Makes of dist/src what starts fast: service definitions as JSON, two bundles in dist/fast, and the
// module that `pact/api` is for plugins. docs/layout.md, "Starting fast", tells how they are used.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
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

async function bundle(options) {
  const esbuild = await import("esbuild");
  const { outputFiles: [file] } = await esbuild.build({
    bundle: true, write: false, format: "cjs", platform: "node", target: "node20.10", charset: "ascii", legalComments: "none",
    minifyWhitespace: true, minifySyntax: true, supported: { "dynamic-import": false }, logLevel: "error", absWorkingDir: root, ...options,
  });
  // One expression: a function that src/fast.cts calls. The real import() is kept for what esbuild must not see.
  const text = `(function(require,module,exports,__folder){const __import=(specifier)=>import(specifier);${file.text}\n})`;
  // The name of its cached code: whoever reads the text has it, whatever is built meanwhile.
  return `//${createHash("sha256").update(text).digest("hex").slice(0, 16)}\n${text}`;
}

/** Throws when a bundle cannot be made. */
async function makeFast() {
  mkdirSync(fast, { recursive: true });
  const external = ["@grpc/grpc-js", "protobufjs/light.js", "lmdb", "node-pty", "oidc-provider"];
  const shared = `globalThis[Symbol.for("pact/api")]=require("pact/api");`;
  const [pact, grpc] = await Promise.all([
    bundle({ stdin: { contents: `${shared}require("./main.js");`, resolveDir: src, sourcefile: "pact.js" }, external, plugins: [ours] }),
    bundle({
      // In a bundle protobufjs does not find the package for 64-bit numbers by itself.
      stdin: {
        contents: `const light=require("protobufjs/light.js");light.util.Long=require("long");light.configure();
          module.exports={"@grpc/grpc-js":require("@grpc/grpc-js"),"protobufjs/light.js":light};`,
        resolveDir: src, sourcefile: "grpc.js",
      },
      external: ["@grpc/proto-loader"],
    }),
  ]);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const api = await import(pathToFileURL(join(src, "api/index.js")).href);
  write(join(fast, "pact.js"), pact);
  write(join(fast, "grpc.js"), grpc);
  write(join(fast, "api.js"), [
    "// pact/api for plugins: the instance of the program that runs, be it bundled or not.",
    `const api = globalThis[Symbol.for("pact/api")] ?? (await import("../src/api/index.js"));`,
    `export const { ${Object.keys(api).sort().join(", ")} } = api;`, "",
  ].join("\n"));
  write(join(fast, "about.json"), JSON.stringify({ version, api: api.API }));
}

await definitions();
await makeFast();
