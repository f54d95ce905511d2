// Runs of the built program through a broken network, and what is wrong with how they end.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startPty } from "../repl/support/pty.ts";
import { tempFolder } from "../support/folder.ts";
import { type Ran, runPact, scrubbedEnv } from "../support/site.ts";
import { type Fault, type FaultProxy, startFaultProxy } from "./fault-proxy.ts";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
/** What each command is given, in seconds; it has to be over a second later. A stream that stood is given what keepalive takes. */
const LIMIT_S = 2;
const GRACE_MS = 1_000;
const KEEPALIVE_MS = 15_000;
const KILL_MS = 30_000;
const AT_ONCE = 10;
/** A start that asks the network loads so much more than one that does not. */
const NETWORK = 2;

/** What puts a terminal right again. */
const MODES = /\u001b\[[0-9;?]*[A-Za-z]|\u001b[>=]|\u001b\(B|\u000f/g;

export interface Case {
  readonly words: readonly string[];
  readonly terminal?: boolean;
  /** Typed, on a terminal, once the remote prompt is there. */
  readonly typed?: string;
  /** Part of the answer may have been shown already. */
  readonly partial?: boolean;
  /** Its stream may be silent for long. */
  readonly live?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Way {
  readonly journal: string;
  /** The address of node-001's agent for cli.toml. */
  readonly agent: string;
  readonly token: string;
}

export interface Timed extends Ran {
  readonly ms: number;
}

function homeWith(agent: string): string {
  const home = tempFolder();
  mkdirSync(join(home, ".config/pact"), { recursive: true, mode: 0o700 });
  writeFileSync(join(home, ".config/pact/cli.toml"), `[agents]\nnode-001 = ${JSON.stringify(agent)}\n`, { mode: 0o600 });
  return home;
}

export async function run(one: Case, way: Way): Promise<Timed> {
  const home = homeWith(way.agent);
  const env = { ...scrubbedEnv(home), PACT_ENDPOINT: way.journal, ...(one.env ?? { PACT_TOKEN: way.token }) };
  const words = ["--timeout", `${LIMIT_S}s`, "--node-timeout", `${LIMIT_S}s`, ...one.words];
  const began = performance.now();
  if (one.terminal === true) return await onTerminal(one, words, env, home);
  const ran = await runPact(words, env, undefined, KILL_MS);
  return { ...ran, ms: performance.now() - began };
}

/** A shell of the machine's own around it tells its exit status, and how the terminal is left. */
async function onTerminal(one: Case, words: readonly string[], env: Readonly<Record<string, string>>, home: string): Promise<Timed> {
  const began = performance.now();
  let ms = 0;
  const pty = startPty("/bin/sh", ["-c", `"$@"; echo "status=$?"; stty -a`, "sh", process.execPath, MAIN, ...words], { ...env, TERM: "xterm", NO_COLOR: "1" }, home);
  const timer = setTimeout(() => pty.close(), KILL_MS);
  const over = pty.see(/status=\d+/, KILL_MS).then(() => (ms = performance.now() - began), () => undefined);
  if (one.typed !== undefined) {
    const { typed } = one;
    // How long the session stood is no matter of the limit.
    await pty.see(/pact:\S+> |status=/, KILL_MS).then(() => pty.type(typed), () => undefined);
  }
  await Promise.all([over, pty.exited]);
  clearTimeout(timer);
  const text = pty.text().replaceAll("\r", "");
  const status = /status=(\d+)/.exec(text)?.[1];
  return { status: status === undefined ? null : Number(status), stdout: "", stderr: text, ms };
}

/** What is wrong with a failed run; empty when nothing is. */
export function complaints(one: Case, fault: Fault, ran: Timed, code: number, address: string, startMs: number): string[] {
  const wrong: string[] = [];
  // The peer has spoken, and then is silent: a program may well be, so only keepalive tells.
  // After garbage Node's HTTP/2 client says goodbye (GOAWAY) and reads no more, not even the peer's end: that shows as silence too.
  const silent = one.live === true && (fault.kind === "stall" || fault.kind === "garbage") && fault.bytes !== undefined;
  const limit = LIMIT_S * 1000 + GRACE_MS + startMs + (silent ? KEEPALIVE_MS : 0);
  if (ran.status !== code) wrong.push(`exit ${ran.status}, not ${code}`);
  const said = ran.stderr.replace(MODES, "");
  const json = one.words.includes("json");
  if (json ? !/^\{"error":\{"class":"(?:timeout|unreachable)","exit_code":5,"message":"[^"]+","reason":"[^"]+","hint":"[^"]+"/m.test(said) : !/^error: \S/m.test(said) || !/^\s+why: \S/m.test(said)) wrong.push("no error: and why:");
  if (!ran.stderr.replaceAll("\n", "").includes(address)) wrong.push(`does not name ${address}`);
  if (/\n\s+at |node:internal|\.[jt]s:\d/.test(ran.stderr)) wrong.push("a stack");
  if (/\u001b\[31m|\u0007\u00ff|s3cr3t/.test(ran.stderr)) wrong.push("bytes of the peer, or a secret");
  if (ran.stdout !== "" && one.partial !== true) wrong.push(`stdout ${JSON.stringify(ran.stdout.slice(0, 80))}`);
  if (code === 5 && !json && !/^\s+try: \S/m.test(said)) wrong.push("no advice");
  if (ran.ms > limit) wrong.push(`took ${Math.round(ran.ms)} ms of ${Math.round(limit)}`);
  if (one.terminal === true && !(/[^-]icanon/.test(ran.stderr) && /[^-]echo\b/.test(ran.stderr))) wrong.push("the terminal is left raw");
  return wrong;
}

/** Runs jobs a few at a time; answers in their order. */
async function all<T>(jobs: readonly (() => Promise<T>)[]): Promise<T[]> {
  const answers: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < jobs.length; at = next++) {
      const job = jobs[at];
      if (job !== undefined) answers[at] = await job();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return answers;
}

export interface Judged {
  readonly cases: readonly Case[];
  readonly faults: readonly Fault[];
  readonly code: number;
  /** What the proxies stand before. */
  readonly target: string;
  readonly through: (proxy: Pick<FaultProxy, "url">) => Promise<Way> | Way;
  /** Which pairs of a case and a fault run here; default all. */
  readonly pairs?: (one: number, fault: number) => boolean;
}

/** Each case through each fault; answers what is wrong, an item for each run that is. */
export async function judge({ cases, faults, code, target, through, pairs = () => true }: Judged): Promise<string[]> {
  const proxies = await Promise.all(faults.map(async (fault) => ({ fault, proxy: await startFaultProxy(target, fault) })));
  // What starting costs on this machine, under this load: runs that touch no network, among the others.
  let startMs = 0;
  const jobs = proxies.flatMap(({ fault, proxy }, at) =>
    cases.filter((_, n) => pairs(n, at)).map((one) => async () => ({ fault, proxy, one, ran: await run(one, await through(proxy)) })));
  const starts = Array.from({ length: 6 }, () => async () => {
    const { ms } = await run({ words: ["whoami"] }, await through(proxies[0]?.proxy ?? { url: target }));
    startMs = Math.max(startMs, ms);
    return undefined;
  });
  const mixed = jobs.flatMap((job, at) => (at % Math.ceil(jobs.length / starts.length) === 0 ? [starts[at % starts.length] ?? job, job] : [job]));
  try {
    const runs = (await all<Awaited<ReturnType<(typeof jobs)[number]>> | undefined>(mixed)).flatMap((one) => (one === undefined ? [] : [one]));
    return runs.flatMap(({ fault, proxy, one, ran }) => {
      const wrong = complaints(one, fault, ran, code, new URL(proxy.url).host, startMs * NETWORK);
      return wrong.length === 0 ? [] : [`${JSON.stringify(fault)} ${one.words.join(" ")}: ${wrong.join(", ")}\n${ran.stderr}`];
    });
  } finally {
    await Promise.all(proxies.map(({ proxy }) => proxy.close()));
  }
}
