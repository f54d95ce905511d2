// `npm start` in a made-up checkout: npm, the build and pact itself are stand-ins that write down what they were asked.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { tempFolder } from "../support/folder.ts";

const SCRIPTS = fileURLToPath(new URL("../../../scripts", import.meta.url));

const FILES: Readonly<Record<string, string>> = {
  "package-lock.json": "{}\n",
  "package.json": `{ "type": "module" }\n`,
  "npm/npm-cli.js": `import { appendFileSync, mkdirSync } from "node:fs";
    appendFileSync("did", "npm " + process.argv.slice(2).join(" ") + "\\n");
    console.log("npm talks");
    if (process.env.NPM_FAILS) process.exit(3);
    mkdirSync("node_modules", { recursive: true });
    await new Promise((resolve) => setTimeout(resolve, 100));`,
  "scripts/build.mjs": `import { appendFileSync, existsSync, writeFileSync } from "node:fs";
    export function build() {
      if (process.env.BUILD_FAILS) throw new Error("build failed in tsc");
      if (existsSync("built")) return false;
      appendFileSync("did", "build\\n");
      writeFileSync("built", "");
      return true;
    }`,
  "dist/src/fast.cjs": `let input = "";
    process.stdin.on("data", (part) => (input += part)).on("end", () => {
      console.log(JSON.stringify({ argv: process.argv.slice(2), input }));
      process.exitCode = Number(process.env.CODE ?? 0);
    });`,
  "dist/src/site/paths.js": `export const defaultSiteDir = () => "/the/site";`,
  "dist/src/site/launch.js": `import { appendFileSync } from "node:fs";
    export async function launchSite(options) {
      appendFileSync("did", "site " + JSON.stringify(options) + "\\n");
      if (process.env.PORT_TAKEN && options.port === undefined) throw Object.assign(new Error("port 9443 on 127.0.0.1 is taken"), { kind: "precondition" });
      if (process.env.SITE_FAILS) throw Object.assign(new Error("the site did not start"), { kind: "local", hint: "see site.log" });
      return { already: false, notes: ["a note"] };
    }`,
};

interface Checkout {
  readonly dir: string;
  start(args?: readonly string[], env?: Readonly<Record<string, string>>, input?: string): Promise<{ status: number | null; stdout: string; stderr: string }>;
  did(): string[];
}

function checkout(): Checkout {
  const dir = tempFolder();
  for (const name of ["start.mjs", "prepare.mjs", "lock.mjs"]) cpSync(join(SCRIPTS, name), join(dir, "scripts", name));
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  return {
    dir,
    did: () => (existsSync(join(dir, "did")) ? readFileSync(join(dir, "did"), "utf8").trimEnd().split("\n") : []),
    start: (args = [], env = {}, input = "") => new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [join(dir, "scripts/start.mjs"), ...args], {
        cwd: dir,
        env: { PATH: process.env["PATH"] ?? "", HOME: dir, npm_execpath: join(dir, "npm/npm-cli.js"), ...env },
      });
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
      child.stdin.on("error", () => {});
      child.stdin.end(input);
      child.once("error", reject);
      child.once("close", (status) => resolve({ status, stdout, stderr }));
    }),
  };
}

test("a first start installs, builds, starts the site and runs the lines; only the answers are on stdout", async () => {
  const fresh = checkout();
  const ran = await fresh.start([], { CODE: "6" }, "status\n");
  assert.is(ran.status, 6);
  assert.is(ran.stdout, '{"argv":["run","-","--keep-going"],"input":"status\\n"}\n');
  assert.match(ran.stderr, /installing packages/);
  assert.match(ran.stderr, /npm talks/);
  assert.match(ran.stderr, /a note/);
  assert.equal(fresh.did(), ["npm ci --include=dev --no-audit --no-fund --loglevel=error", "build", 'site {"dir":"/the/site"}']);
});

test("a second start does neither again, until the lock file changes", async () => {
  const fresh = checkout();
  await fresh.start();
  await fresh.start();
  assert.is(fresh.did().filter((line) => !line.startsWith("site")).length, 2);
  writeFileSync(join(fresh.dir, "package-lock.json"), '{ "changed": true }\n');
  await fresh.start();
  assert.is(fresh.did().filter((line) => line.startsWith("npm")).length, 2);
});

test("an install by hand is not done again", async () => {
  const fresh = checkout();
  mkdirSync(join(fresh.dir, "node_modules"));
  writeFileSync(join(fresh.dir, "node_modules/.package-lock.json"), "{}");
  await fresh.start();
  assert.equal(fresh.did().filter((line) => line.startsWith("npm")), []);
});

test("three first starts at once install and build once", async () => {
  const fresh = checkout();
  const all = await Promise.all([fresh.start(), fresh.start(), fresh.start()]);
  assert.equal(all.map((ran) => ran.status), [0, 0, 0]);
  assert.equal(fresh.did().filter((line) => !line.startsWith("site")), ["npm ci --include=dev --no-audit --no-fund --loglevel=error", "build"]);
  assert.ok(all.some((ran) => /another start prepares/.test(ran.stderr)));
});

test("arguments go to pact as they are", async () => {
  const ran = await checkout().start(["exec", "node-001", "--", "echo", "a b", "--yes"]);
  assert.is(ran.stdout, '{"argv":["exec","node-001","--","echo","a b","--yes"],"input":""}\n');
});

test("no site is started for a journal elsewhere, nor for the site's own commands", async () => {
  const fresh = checkout();
  await fresh.start(["status"], { PACT_ENDPOINT: "http://journal:9443" });
  await fresh.start(["status", "--endpoint", "http://journal:9443"]);
  await fresh.start(["site", "status"]);
  await fresh.start(["version"]);
  assert.equal(fresh.did().filter((line) => line.startsWith("site")), []);
});

test("documented ports that are taken give way to free ones", async () => {
  const fresh = checkout();
  const ran = await fresh.start([], { PORT_TAKEN: "1" });
  assert.is(ran.status, 0);
  assert.match(ran.stderr, /port 9443 .* is taken; taking free ports/);
  assert.is(fresh.did().at(-1), 'site {"dir":"/the/site","port":0}');
});

const failures: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
  ["install", { NPM_FAILS: "1" }, /^error: npm ci failed \(exit 3\)/m],
  ["build", { BUILD_FAILS: "1" }, /^error: build failed in tsc\n  try: node scripts\/build\.mjs/m],
  ["site", { SITE_FAILS: "1" }, /^error: the site did not start\n  try: see site\.log/m],
];
for (const [what, env, message] of failures) {
  test(`a failing ${what} says so, exits 1 and runs nothing`, async () => {
    const fresh = checkout();
    const ran = await fresh.start([], env);
    assert.is(ran.status, 1);
    assert.match(ran.stderr, message);
    assert.is(ran.stdout, "");
  });
}

test("a failing install without compilers names Debian's packages", async () => {
  const ran = await checkout().start([], { NPM_FAILS: "1", PATH: "/nowhere" });
  assert.match(ran.stderr, /python3, make, g\+\+ cannot be found\n  try: apt-get install python3 make g\+\+/);
});

test.run();
