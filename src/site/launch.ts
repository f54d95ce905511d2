// Starts a site as a process of its own and waits until it answers.
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { SiteFile } from "../contract/control.ts";
import { prepareFolder } from "./folder.ts";
import type { SitePaths } from "./paths.ts";
import { SiteProblem } from "./problem.ts";
import type { SiteOptions } from "./site.ts";
import { runningSite } from "./take.ts";

const READY_DEADLINE_MS = 30_000;
const MAX_LOG_BYTES = 8 * 1024 * 1024;
const KINDS = ["usage", "notFound", "precondition", "local", "remote", "connection"] as const;

export interface LaunchOptions {
  readonly signal?: AbortSignal | undefined;
  /** Keeps it in our process group, so that it ends with us where a whole group is ended (tests). */
  readonly attached?: boolean;
}

export interface Launched {
  readonly file: SiteFile;
  readonly already: boolean;
  readonly notes: readonly string[];
}

/** What a child may know of our environment: no tokens, no secrets. */
export function withoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^PACT_(?:.*_)?(?:TOKEN|SECRET)$/.test(name)));
}

/** Opens the log for appending; a long one of earlier runs steps aside. Answers its descriptor and length. */
function openLog(paths: SitePaths): { readonly fd: number; readonly from: number } {
  const size = statSync(paths.log, { throwIfNoEntry: false })?.size ?? 0;
  if (size > MAX_LOG_BYTES) renameSync(paths.log, `${paths.log}.old`);
  return { fd: openSync(paths.log, "a", 0o600), from: size > MAX_LOG_BYTES ? 0 : size };
}

/** The line of the log since `from` that tells most: the last that names an error, else the last. */
function logSince(paths: SitePaths, from: number): string | undefined {
  try {
    const lines = readFileSync(paths.log).subarray(from).toString("utf8").trimEnd().split("\n");
    return (lines.filter((line) => /Error\b/.test(line)).at(-1) ?? lines.at(-1))?.trim() || undefined;
  } catch {
    return undefined;
  }
}

/** The child's one line, or undefined when it ended or the deadline came first. */
function firstLine(child: ChildProcess, signal: AbortSignal | undefined): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const pipe = child.stdio[3];
    let text = "";
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
      resolve(text.includes("\n") ? text.split("\n", 1)[0] : undefined);
    };
    const aborted = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(settle, READY_DEADLINE_MS);
    signal?.addEventListener("abort", aborted, { once: true });
    child.once("error", (error) => (clearTimeout(timer), reject(error)));
    if (pipe === null || pipe === undefined || !("on" in pipe)) return settle();
    pipe.on("data", (part: Buffer) => {
      text += part.toString("utf8");
      if (text.includes("\n")) settle();
    });
    pipe.on("error", settle);
    // The end of the pipe comes a moment before the news of how the process ended.
    pipe.on("end", () => (child.exitCode === null && child.signalCode === null && !text.includes("\n") ? child.once("exit", settle) : settle()));
  });
}

function readLine(line: string): Launched {
  const said = JSON.parse(line) as { ready?: Launched; failed?: { kind: string; message: string; hint?: string } };
  if (said.ready !== undefined) return said.ready;
  const kind = KINDS.find((one) => one === said.failed?.kind) ?? "local";
  throw new SiteProblem(kind, said.failed?.message ?? "the site did not start", said.failed?.hint);
}

/**
 * Starts the site in the background; the answer comes when it serves. A site that runs already is
 * answered as it is. Throws SiteProblem; when aborted, what was started is ended.
 */
export async function launchSite(options: SiteOptions, { signal, attached = false }: LaunchOptions = {}): Promise<Launched> {
  const paths = prepareFolder(options.dir);
  const running = await runningSite(paths);
  if (running !== undefined) return { file: running, already: true, notes: [`it runs already, as process ${running.pid}`] };
  const log = openLog(paths);
  const child = spawn(process.execPath, [fileURLToPath(new URL("./daemon.js", import.meta.url))], {
    cwd: "/",
    detached: !attached,
    env: withoutSecrets(process.env),
    stdio: ["pipe", log.fd, log.fd, "pipe"],
  });
  closeSync(log.fd);
  try {
    child.stdin?.on("error", () => {});
    child.stdin?.end(JSON.stringify({ ...options, dir: paths.dir }));
    const line = await firstLine(child, signal);
    if (line !== undefined) return readLine(line);
    const said = logSince(paths, log.from);
    const how = child.signalCode !== null ? `its process was ended by ${child.signalCode}` : child.exitCode !== null ? "its process ended" : `nothing within ${READY_DEADLINE_MS / 1000} s`;
    throw new SiteProblem("local", `the site did not start: ${how}${said === undefined ? "" : ` (${said})`}`, `see ${paths.log}`);
  } catch (error) {
    if (child.exitCode === null && child.pid !== undefined) child.kill("SIGTERM");
    throw error;
  } finally {
    for (const stream of child.stdio) stream?.destroy();
    child.unref();
  }
}
