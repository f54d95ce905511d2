// Runs the built program against servers made by hand, and tells how much memory it took at most.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tempFolder } from "../../support/folder.ts";
import { scrubbedEnv } from "../../support/site.ts";

const MAIN = fileURLToPath(new URL("../../../src/main.js", import.meta.url));
const KILL_MS = 25_000;
/** How much of the output is kept for looking at. */
const KEPT = 64 * 1024;
const END = 1024;

export interface Measured {
  /** null when a signal ended it. */
  readonly status: number | null;
  /** How the output begins. */
  readonly stdout: string;
  /** How it ends. */
  readonly stdoutEnd: string;
  readonly stdoutBytes: number;
  readonly stdoutSha256: string;
  readonly stderr: string;
  readonly stderrBytes: number;
  /** Most resident memory at any time, MiB. */
  readonly peakMiB: number;
  readonly ms: number;
}

export interface MeasuredOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Address of node-001's agent, for cli.toml. */
  readonly agent?: string;
  /** Called with each piece of stdout. */
  readonly onStdout?: (piece: Buffer) => void;
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
/** Reads as a token; servers made by hand do not ask for more. */
const TOKEN = `${part({ alg: "RS256", typ: "JWT" })}.${part({ sub: "ops", pact_role: "pact-ops-ml-training", pact_principal_type: "Human", aud: "pact", exp: 4_102_444_800 })}.c2ln`;

const highWater = (pid: number): number => {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
};

/** The built program with a home of its own that leads to these servers. */
export function programFor(words: readonly string[], journal: string, { env, agent }: MeasuredOptions = {}): { file: string; args: string[]; env: Record<string, string>; home: string } {
  const home = tempFolder();
  const config = join(home, ".config/pact");
  mkdirSync(config, { recursive: true, mode: 0o700 });
  if (agent !== undefined) writeFileSync(join(config, "cli.toml"), `[agents]\n"node-001" = ${JSON.stringify(agent)}\n`, { mode: 0o600 });
  return { file: process.execPath, args: [MAIN, ...words], env: { ...scrubbedEnv(home), PACT_ENDPOINT: journal, PACT_TOKEN: TOKEN, ...env }, home };
}

export function measured(words: readonly string[], journal: string, options: MeasuredOptions = {}): Promise<Measured> {
  const { file, args, env } = programFor(words, journal, options);
  const began = performance.now();
  const child = spawn(file, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const hash = createHash("sha256");
  let [stdout, stdoutEnd, stderr, stdoutBytes, stderrBytes, peakMiB] = ["", "", "", 0, 0, 0];
  child.stdout.on("data", (piece: Buffer) => {
    hash.update(piece);
    stdoutBytes += piece.length;
    if (stdout.length < KEPT) stdout += piece.toString("latin1");
    stdoutEnd = (stdoutEnd + piece.subarray(-END).toString("latin1")).slice(-END);
    options.onStdout?.(piece);
  });
  child.stderr.on("data", (piece: Buffer) => {
    stderrBytes += piece.length;
    if (stderr.length < KEPT) stderr += piece.toString();
  });
  const look = setInterval(() => (peakMiB = Math.max(peakMiB, highWater(child.pid ?? 0))), 20);
  const late = setTimeout(() => child.kill("SIGKILL"), KILL_MS);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => {
      clearInterval(look);
      clearTimeout(late);
      resolve({ status, stdout, stdoutEnd, stdoutBytes, stdoutSha256: hash.digest("hex"), stderr, stderrBytes, peakMiB, ms: performance.now() - began });
    });
  });
}
