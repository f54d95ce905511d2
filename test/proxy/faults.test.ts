// Every command of the first slice with a broken network in between: to the journal, and
// to an agent. Each run ends in time, with the right code, in the form operators read.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { startPty } from "../repl/support/pty.ts";
import { tempFolder } from "../support/folder.ts";
import { type Ran, type TestSite, runPact, scrubbedEnv, startTestSite } from "../support/site.ts";
import { type Fault, startFaultProxy } from "./fault-proxy.ts";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const LIMITS = ["--timeout", "2s", "--node-timeout", "2s"];
/** The limit and as much again, and what a loaded machine needs to start Node. */
const LONGEST_MS = 4_000 + 2_000;
const AT_ONCE = 4;

const BROKEN: readonly Fault[] = [
  { kind: "delay", ms: 5_000 }, { kind: "black hole" }, { kind: "refuse" }, { kind: "reset", bytes: 20 }, { kind: "reset", bytes: 120 },
  { kind: "half-close", bytes: 20 }, { kind: "half-close", bytes: 120 }, { kind: "garbage" },
];

let site: TestSite;
test.before(async () => {
  site = await startTestSite({ profile: "real", nodes: 1 });
});
test.after(async () => site.close());

interface Case {
  readonly words: readonly string[];
  readonly terminal?: boolean;
}

const JOURNAL: readonly Case[] = [
  { words: ["status"] }, { words: ["status", "node-001"] }, { words: ["log"] }, { words: ["watch"] }, { words: ["diff", "node-001"] },
  { words: ["commit", "-m", "m", "--vcluster", "ml-training"] }, { words: ["exec", "node-001", "--", "uname"] }, { words: ["shell", "node-001"], terminal: true },
  { words: ["login", "--service-account"] },
];
const AGENT: readonly Case[] = [
  { words: ["exec", "node-001", "--", "uname"] }, { words: ["shell", "node-001"], terminal: true }, { words: ["status", "node-001"] },
];

function homeWith(agent: string): string {
  const home = tempFolder();
  mkdirSync(join(home, ".config/pact"), { recursive: true, mode: 0o700 });
  writeFileSync(join(home, ".config/pact/cli.toml"), `[agents]\nnode-001 = ${JSON.stringify(agent)}\n`, { mode: 0o600 });
  return home;
}

const agentOf = (): string => site.file.nodes.find(({ node_id }) => node_id === "node-001")?.endpoint ?? "";

async function run({ words, terminal }: Case, journal: string, agent: string): Promise<Ran & { ms: number }> {
  const home = homeWith(agent);
  const env: Record<string, string> = { ...scrubbedEnv(home), PACT_ENDPOINT: journal };
  if (words[0] === "login") Object.assign(env, { PACT_CLIENT_ID: "robot", PACT_CLIENT_SECRET: "s3cr3t" });
  else env["PACT_TOKEN"] = await site.token("admin");
  const began = performance.now();
  if (terminal !== true) {
    const ran = await runPact([...LIMITS, ...words], env, undefined, 12_000);
    return { ...ran, ms: performance.now() - began };
  }
  const pty = startPty(process.execPath, [MAIN, ...LIMITS, ...words], env, home);
  const timer = setTimeout(() => pty.close(), 12_000);
  const { exitCode, signal } = await pty.exited;
  clearTimeout(timer);
  return { status: signal === 0 ? exitCode : null, stdout: "", stderr: pty.text().replaceAll("\r", ""), ms: performance.now() - began };
}

/** What is wrong with a failed run; empty when nothing is. */
function complaints(ran: Ran & { ms: number }, code: number): string[] {
  const wrong: string[] = [];
  if (ran.status !== code) wrong.push(`exit ${ran.status}, not ${code}`);
  if (!/^error: \S/m.test(ran.stderr) || !/^\s+why: \S/m.test(ran.stderr)) wrong.push("no error: and why:");
  if (/\n\s+at |node:internal|\.[jt]s:\d/.test(ran.stderr)) wrong.push("a stack");
  if (/\u001b\[31m|s3cr3t/.test(ran.stderr)) wrong.push("bytes of the peer, or a secret");
  if (ran.ms > LONGEST_MS) wrong.push(`took ${Math.round(ran.ms)} ms`);
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

async function judge(cases: readonly Case[], code: number, target: () => string, through: (proxy: string) => readonly [string, string]): Promise<string[]> {
  const proxies = await Promise.all(BROKEN.map((fault) => startFaultProxy(target(), fault)));
  try {
    const answers = await all(BROKEN.flatMap((fault, at) => cases.map((one) => async () => {
      const ran = await run(one, ...through(proxies[at]?.url ?? ""));
      const wrong = complaints(ran, code);
      return wrong.length === 0 ? [] : [`${JSON.stringify(fault)} ${one.words.join(" ")}: ${wrong.join(", ")}\n${ran.stderr}`];
    })));
    return answers.flat();
  } finally {
    await Promise.all(proxies.map((proxy) => proxy.close()));
  }
}

test("through a proxy that does nothing, everything works", async () => {
  const [journal, agent] = await Promise.all([startFaultProxy(site.file.journal.grpc, { kind: "pass" }), startFaultProxy(agentOf(), { kind: "delay", ms: 50 })]);
  try {
    const ran = await run({ words: ["exec", "node-001", "--", "cat", "/etc/hostname"] }, journal.url, agent.url);
    assert.is(ran.status, 0, ran.stderr);
    assert.is(ran.stdout, "node-001\n");
    assert.is((await run({ words: ["log"] }, journal.url, agent.url)).status, 0);
  } finally {
    await Promise.all([journal.close(), agent.close()]);
  }
});

test("a fault on the way to the journal: 5, said, in time, for every command", async () => {
  assert.equal(await judge(JOURNAL, 5, () => site.file.journal.grpc, (proxy) => [proxy, agentOf()]), []);
});

test("a fault on the way to an agent: 1, said, in time, for every command", async () => {
  assert.equal(await judge(AGENT, 1, agentOf, (proxy) => [site.file.journal.grpc, proxy]), []);
});

test("whoami and logout need no journal", async () => {
  const proxy = await startFaultProxy(site.file.journal.grpc, { kind: "black hole" });
  try {
    assert.is((await run({ words: ["whoami"] }, proxy.url, agentOf())).status, 0);
    assert.is((await run({ words: ["logout"] }, proxy.url, agentOf())).status, 0);
  } finally {
    await proxy.close();
  }
});

test.run();
