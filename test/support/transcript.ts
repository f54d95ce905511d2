// Transcripts: what an operator would paste into a report, as a test. A file holds
// directives (`@site nodes=2 profile=embedded`, `@as USER`, `@node NAME FILE TEXT`),
// comments (`#`) and commands:
//
//   $ pact status node-001
//   expected stdout
//   stderr| expected stderr
//   [exit 3]
//
// `…` stands for what cannot be predicted: inside a line for any text, alone on a
// line for any number of lines. Commands run in bash with `pact` on the PATH.
import { spawn } from "node:child_process";
import { appendFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type TestSite, type TestSiteOptions, startTestSite } from "./site.ts";

export interface Step {
  readonly line: number;
  readonly command: string;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  readonly exit: number;
}
export type Part = { readonly kind: "step"; readonly step: Step } | { readonly kind: "directive"; readonly words: readonly string[] } | { readonly kind: "text"; readonly text: string };

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const DEADLINE_MS = 30_000;

/** Reads a transcript. */
export function parseTranscript(text: string): Part[] {
  const parts: Part[] = [];
  const lines = text.replace(/\n$/, "").split("\n");
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (line.startsWith("@")) parts.push({ kind: "directive", words: line.slice(1).split(" ") });
    else if (!line.startsWith("$ ")) parts.push({ kind: "text", text: line });
    else {
      let end = at + 1;
      while (end < lines.length && !/^(\$ |# |@)/.test(lines[end] ?? "")) end++;
      parts.push({ kind: "step", step: stepOf(at + 1, line.slice(2), lines.slice(at + 1, end)) });
      at = end - 1;
    }
  }
  return parts;
}

function stepOf(line: number, command: string, block: readonly string[]): Step {
  const body = [...block];
  while (body.at(-1) === "") body.pop();
  const last = /^\[exit (\d+)\]$/.exec(body.at(-1) ?? "");
  if (last !== null) body.pop();
  return {
    line,
    command,
    stdout: body.filter((text) => !text.startsWith("stderr|")),
    stderr: body.filter((text) => text.startsWith("stderr|")).map((text) => text.slice("stderr|".length).replace(/^ /, "")),
    exit: last === null ? 0 : Number(last[1]),
  };
}

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Whether lines are as expected; `…` as above. */
export function matches(expected: readonly string[], actual: readonly string[]): boolean {
  const pattern = expected.map((line) => (line === "…" ? "(?:[^\\n]*\\n)*" : `${line.split("…").map(literal).join("[^\\n]*")}\\n`)).join("");
  return new RegExp(`^${pattern}$`).test(actual.map((line) => `${line}\n`).join(""));
}

interface Answer {
  readonly stdout: string[];
  readonly stderr: string[];
  readonly exit: number;
}

const linesOf = (text: string): string[] => (text === "" ? [] : text.replace(/\n$/, "").split("\n"));

function runCommand(command: string, env: Readonly<Record<string, string>>, cwd: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = spawn("bash", ["-c", command], { env, cwd, stdio: ["ignore", "pipe", "pipe"], detached: true });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const timer = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }, DEADLINE_MS);
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve({ stdout: linesOf(stdout), stderr: linesOf(stderr), exit: code ?? -1 });
    });
  });
}

/** One transcript against a site of its own. */
class Player {
  readonly #site: TestSite;
  readonly #cwd: string;
  readonly #bin: string;
  #user: string | undefined;

  constructor(site: TestSite) {
    this.#site = site;
    this.#cwd = join(site.home, "work");
    this.#bin = join(site.home, "bin");
    mkdirSync(this.#cwd);
    mkdirSync(this.#bin);
    writeFileSync(join(this.#bin, "pact"), `#!/bin/sh\nexec ${JSON.stringify(process.execPath)} ${JSON.stringify(MAIN)} "$@"\n`);
    chmodSync(join(this.#bin, "pact"), 0o755);
  }

  async env(): Promise<Record<string, string>> {
    const { PACT_ENDPOINT: _, ...env } = await this.#site.env(this.#user);
    return { ...env, PATH: `${this.#bin}:${env["PATH"]}`, HOST: this.#site.host, SITE: this.#site.dir, ENDPOINT: this.#site.file.journal.grpc };
  }

  async run(step: Step): Promise<Answer> {
    return await runCommand(step.command, await this.env(), this.#cwd);
  }

  async directive([name, ...words]: readonly string[]): Promise<void> {
    if (name === "as") this.#user = words[0] === "-" ? undefined : words[0];
    else if (name === "node") this.#plant(words);
    else if (name === "kill") await this.#site.kill();
    else if (name === "restart") await this.#site.restart();
    else throw new Error(`no directive called @${name}`);
  }

  /** `@node NAME PATH TEXT`: somebody changes a file of a virtual node behind pact's back. */
  #plant([node = "", path = "", ...text]: readonly string[]): void {
    const root = this.#site.file.nodes.find(({ node_id }) => node_id === node)?.root;
    if (root === undefined || root === "/") throw new Error(`no virtual node called ${node}`);
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    if (path.startsWith("/proc/")) writeFileSync(file, `${text.join(" ")}\n`);
    else appendFileSync(file, `${text.join(" ")}\n`);
  }
}

function siteOptions(parts: readonly Part[]): TestSiteOptions {
  const words = parts.find((part) => part.kind === "directive" && part.words[0] === "site");
  const pairs = words?.kind === "directive" ? Object.fromEntries(words.words.slice(1).map((word) => word.split("="))) : {};
  const { nodes, profile, clock } = pairs as { nodes?: string; profile?: string; clock?: string };
  return {
    ...(nodes === undefined ? {} : { nodes: Number(nodes) }),
    ...(profile === "real" ? { profile: "real" } : {}),
    ...(clock === "test" ? { testClock: true } : {}),
  };
}

/** What came instead of what was expected; with `update` the file is rewritten where it differs. */
export async function playTranscript(path: string, update: boolean): Promise<string[]> {
  const parts = parseTranscript(readFileSync(path, "utf8"));
  const site = await startTestSite(siteOptions(parts));
  const differences: string[] = [];
  const rewritten: string[] = [];
  try {
    const player = new Player(site);
    for (const part of parts) {
      if (part.kind === "text") rewritten.push(part.text);
      else if (part.kind === "directive") {
        rewritten.push(`@${part.words.join(" ")}`);
        if (part.words[0] !== "site") await player.directive(part.words);
      } else {
        const answer = await player.run(part.step);
        const same = matches(part.step.stdout, answer.stdout) && matches(part.step.stderr, answer.stderr) && part.step.exit === answer.exit;
        if (!same) differences.push(difference(part.step, answer));
        rewritten.push(...transcriptOf(part.step, same ? part.step : {
          exit: answer.exit,
          stdout: answer.stdout.map((text) => settled(text, site.host)),
          stderr: answer.stderr.map((text) => settled(text, site.host)),
        }));
      }
    }
  } finally {
    await site.close();
  }
  if (update) writeFileSync(path, `${rewritten.join("\n")}\n`);
  return differences;
}

/** What differs from run to run, as `…`. */
function settled(text: string, host: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| UTC)/g, "…")
    .replace(/(req|ap)-[0-9a-f]{8}/g, "$1-…")
    .replace(/127\.0\.0\.1:\d{4,5}/g, "127.0.0.1:…")
    .replace(/127\.77\.\d+\.\d+:\d{4,5}/g, "127.77.…")
    .replace(/\/[^ ",]*pact-test-[^/ ",]*/g, "…")
    .replace(/"(duration_ms|memory_bytes|cores|gpus|pid)":\s*\d+/g, '"$1":…')
    .replace(/\d+ \/ \d+G \/ \d+/g, "…")
    .replace(new RegExp(`\\b${host}\\b(?!\\.)`, "g"), "…");
}

function transcriptOf(step: Step, shown: Pick<Step, "stdout" | "stderr" | "exit">): string[] {
  const err = shown.stderr.map((line) => `stderr| ${line}`);
  return [`$ ${step.command}`, ...shown.stdout, ...err, ...(shown.exit === 0 ? [] : [`[exit ${shown.exit}]`]), ""];
}

const difference = (step: Step, answer: Answer): string =>
  [`line ${step.line}: $ ${step.command}`, "expected:", ...transcriptOf(step, step).slice(1).map((line) => `  ${line}`), "got:",
    ...transcriptOf(step, answer).slice(1).map((line) => `  ${line}`)].join("\n");
