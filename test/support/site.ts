// A site for a test: the built program's own daemon in a temporary folder on free ports, and an
// environment in which nothing of the machine's user shows.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ControlAnswer, ControlRequest, SiteFile } from "../../src/contract/control.ts";
import { askSite } from "../../src/site/control.ts";
import { launchSite, type LaunchOptions } from "../../src/site/launch.ts";
import { sitePaths } from "../../src/site/paths.ts";
import type { Site, SiteOptions } from "../../src/site/site.ts";
import { stopSite } from "../../src/site/stop.ts";
import { tempFolder } from "./folder.ts";

export interface TestSiteOptions {
  readonly profile?: "embedded" | "real";
  /** Virtual nodes; default 2. */
  readonly nodes?: number;
  readonly testClock?: boolean;
  readonly bare?: boolean;
}

export interface Ran {
  /** null when a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Whose token; without one the program finds its own, as an operator's does. */
  readonly user?: string;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Default 20 s; then it is killed and `status` is null. */
  readonly deadlineMs?: number;
}

export interface TestSite {
  readonly dir: string;
  readonly file: SiteFile;
  /** Home of the program under test; its XDG folders are below. */
  readonly home: string;
  /** The name of the host's node. */
  readonly host: string;
  token(user: string, ttlS?: number): Promise<string>;
  /** A scrubbed environment that leads to this site; with a user, as that user. */
  env(user?: string): Promise<Record<string, string>>;
  ask(request: ControlRequest): Promise<Extract<ControlAnswer, { ok: true }>>;
  /** Runs the built program with these words. */
  pact(words: readonly string[], options?: RunOptions): Promise<Ran>;
  /** What the site's process has logged. */
  log(): string;
  /** Ends the site as a crash does. */
  kill(): Promise<void>;
  /** Starts it again in the same folder; answers the new description. */
  restart(): Promise<SiteFile>;
  /** Stops the site; throws when its log holds something unexpected. */
  close(): Promise<void>;
}

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));

/** An environment with nothing of ours but the PATH; home and XDG folders below `home`. */
export function scrubbedEnv(home: string): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    HOME: home,
    LANG: "C.UTF-8",
    TERM: "dumb",
    TZ: "UTC",
    XDG_CONFIG_HOME: join(home, ".config"),
    XDG_DATA_HOME: join(home, ".local/share"),
    XDG_STATE_HOME: join(home, ".local/state"),
    XDG_CACHE_HOME: join(home, ".cache"),
  };
}

/** Runs the built program in an environment; never throws for its failure. */
export function runPact(words: readonly string[], env: Readonly<Record<string, string>>, input?: string, deadlineMs = 20_000): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...words], { env, stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
    const timer = setTimeout(() => child.kill("SIGKILL"), deadlineMs);
    child.once("error", reject);
    child.once("close", (status) => {
      clearTimeout(timer);
      resolve({ status, stdout, stderr });
    });
  });
}

/** Waits until a process of ours is gone. */
async function gone(pid: number): Promise<void> {
  const end = performance.now() + 15_000;
  while (existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(statusOf(pid))) {
    if (performance.now() > end) throw new Error(`process ${pid} does not end`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "State:\tZ";
  }
}

/** Stock servers do not tell where agents are: an operator writes it down. */
function writeAgents(home: string, file: SiteFile): void {
  const dir = join(home, ".config/pact");
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const lines = file.nodes.map((node) => `${JSON.stringify(node.node_id)} = ${JSON.stringify(node.endpoint)}\n`);
  writeFileSync(join(dir, "cli.toml"), `[agents]\n${lines.join("")}`, { mode: 0o600 });
}

/** Starts a site of the built program in a process of its own; it ends with the test's process at the latest. */
export async function startTestSite(options: TestSiteOptions = {}): Promise<TestSite> {
  const home = tempFolder();
  // The default folder of that home, so that the program finds the site as an operator's does.
  const dir = join(home, ".local/share/pact/site");
  const paths = sitePaths(dir);
  const start: SiteOptions = { dir, port: 0, nodes: 2, ...options };
  const launch: LaunchOptions = { attached: true };
  let file = (await launchSite(start, launch)).file;
  let running = true;
  const endNow = (): void => {
    if (running) process.kill(file.pid, "SIGKILL");
  };
  process.once("exit", endNow);
  if (file.profile === "real") writeAgents(home, file);
  const ask: TestSite["ask"] = (request) => askSite(paths.socket, request);
  const token: TestSite["token"] = async (user, ttlS) =>
    String((await ask({ do: "token", user, ...(ttlS === undefined ? {} : { ttl_s: ttlS }) }))["token"]);
  const env: TestSite["env"] = async (user) => ({
    ...scrubbedEnv(home),
    PACT_ENDPOINT: file.journal.grpc,
    ...(user === undefined ? {} : { PACT_TOKEN: await token(user) }),
  });
  const log = (): string => (existsSync(paths.log) ? readFileSync(paths.log, "utf8") : "");
  return {
    dir,
    get file() {
      return file;
    },
    home,
    host: file.nodes.find((node) => node.kind === "host")?.node_id ?? "",
    token,
    env,
    ask,
    log,
    async pact(words, { user, input, env: more, deadlineMs } = {}) {
      return runPact(words, { ...(await env(user)), ...more }, input, deadlineMs);
    },
    async kill() {
      running = false;
      process.kill(file.pid, "SIGKILL");
      await gone(file.pid);
    },
    async restart() {
      const { port: _, ...same } = start;
      file = (await launchSite(same, launch)).file;
      running = true;
      if (file.profile === "real") writeAgents(home, file);
      return file;
    },
    async close() {
      process.removeListener("exit", endNow);
      if (running) {
        running = false;
        await stopSite(dir);
        await gone(file.pid);
      }
      const trouble = log().split("\n").filter((line) => / (unexpected|while closing): /.test(line));
      if (trouble.length > 0) throw new Error(`the site's log holds:\n${trouble.join("\n")}`);
    },
  };
}

/** The same site inside the test's own process, for tests that look into it. */
export async function startSiteHere(options: TestSiteOptions = {}): Promise<Site & { readonly dir: string }> {
  const { startSite } = await import("../../src/site/site.ts");
  const dir = join(tempFolder(), "site");
  return { ...(await startSite({ dir, port: 0, nodes: 2, ...options })), dir };
}
