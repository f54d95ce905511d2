// `npm run bench`: how fast pact is beside what the machine can do at best, measured in turns in the same
// run. Prints a table; --write puts it into README.md too. No other place writes numbers there.
// Names of rows as arguments measure only those.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { build } from "../build.mjs";
import { root } from "./measure.mjs";

/** In the order in which they run: memory before the site has worked, single milliseconds before what keeps all cores busy. */
const PARTS = {
  memory: async () => (await import("./memory.mjs")).idleMemory,
  line: async () => (await import("./running-shell.mjs")).runningShell,
  start: async () => (await import("./start-up.mjs")).startUp,
  exec: async () => (await import("./exec.mjs")).execOutput,
  echo: async () => (await import("./echo.mjs")).keyEcho,
  append: async () => (await import("./appends.mjs")).durableAppends,
};

const SHOWN = ["start", "line", "exec", "echo", "append", "memory"];

const wanted = process.argv.slice(2).filter((word) => word !== "--write");
for (const name of wanted) if (!(name in PARTS)) throw new Error(`no row is called ${name}: ${Object.keys(PARTS).join(", ")}`);

build();
const home = mkdtempSync(join(tmpdir(), "pact-bench-"));
const { launchSite } = await import("../../dist/src/site/launch.js");
const { stopSite } = await import("../../dist/src/site/stop.js");
const { askSite } = await import("../../dist/src/site/control.js");
const { sitePaths } = await import("../../dist/src/site/paths.js");
const dir = join(home, ".local/share/pact/site");
try {
  await launchSite({ dir, port: 0, nodes: 2 });
  await stopSite(dir);
  const config = join(dir, "site.toml");
  writeFileSync(config, readFileSync(config, "utf8").replace(/^exec_output_limit = .*\n/m, "").replace("[agent]\n", `[agent]\nexec_output_limit = "1GiB"\n`));
  const { file } = await launchSite({ dir, port: 0, nodes: 2 });
  const { token } = await askSite(sitePaths(dir).socket, { do: "token", user: "admin" });
  const journal = file.journal.grpc;
  const place = {
    home, dir, journal, token, sitePid: file.pid,
    agent: file.nodes.find(({ node_id }) => node_id === "node-001").endpoint,
    // A scrubbed environment: NODE_EXTRA_CA_CERTS alone costs every start some 30 ms.
    env: { PATH: process.env.PATH, HOME: home, LANG: "C.UTF-8", TERM: "dumb", PACT_ENDPOINT: journal, PACT_TOKEN: token },
  };
  const measured = new Map();
  for (const [name, load] of Object.entries(PARTS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const measure = await load();
    process.stderr.write(`measuring ${name} …\n`);
    measured.set(name, await measure(place));
  }
  const rows = SHOWN.flatMap((name) => measured.get(name) ?? []);
  const table = [
    `Medians, in turns with the floor; ${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node.js ${process.versions.node}, ${process.platform} ${process.arch}.`, "",
    "| what | pact | floor | floor's | ratio | goal |", "|---|---|---|---|---|---|", ...rows,
  ].join("\n");
  process.stdout.write(`${table}\n`);
  if (process.argv.includes("--write")) {
    const path = join(root, "README.md");
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace(/(<!-- begin bench -->\n)[^]*?(<!-- end bench -->)/, (_, begin, end) => `${begin}${table}\n${end}`));
  }
} finally {
  await stopSite(dir).catch(() => undefined);
  rmSync(home, { recursive: true, force: true });
}
