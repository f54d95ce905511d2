// A home in which `pact` is on the PATH and names of nodes are kept, for tests that press Tab in real shells.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import { keepNames } from "../../src/app/name-cache.ts";
import { tempFolder } from "../support/folder.ts";
import { scrubbedEnv } from "../support/site.ts";

const FAST = fileURLToPath(new URL("../../src/fast.cjs", import.meta.url));

export interface World {
  readonly home: string;
  /** Files to complete are here. */
  readonly work: string;
  readonly env: Record<string, string>;
}

const installed = (shell: string): boolean => spawnSync(shell, ["--version"], { stdio: "ignore" }).status === 0;

/** `test` where the shell is installed; elsewhere the test counts as skipped. */
export const withShell = (shell: string) => (installed(shell) ? test : test.skip);

/** Puts a program called pact on the PATH of a home. */
export function putPact({ home }: Pick<World, "home">, script: string): void {
  mkdirSync(join(home, "bin"), { recursive: true });
  writeFileSync(join(home, "bin/pact"), script);
  chmodSync(join(home, "bin/pact"), 0o755);
}

/** Nothing listens at its endpoint, no site runs in it, and its token is none: completion needs neither. */
export function world(): World {
  const home = tempFolder();
  const work = join(home, "work");
  mkdirSync(join(work, "checks"), { recursive: true });
  writeFileSync(join(work, "night checks.pact"), "version\n");
  const endpoint = "http://127.0.0.1:9";
  const env = { ...scrubbedEnv(home), PATH: `${join(home, "bin")}:${process.env["PATH"]}`, PACT_ENDPOINT: endpoint, PACT_TOKEN: "no token at all", TERM: "xterm" };
  putPact({ home }, `#!/bin/sh\nexec '${process.execPath}' '${FAST}' "$@"\n`);
  const nodes = ["ml-001", "ml-002", "gpu-1"].map((nodeId) => ({ nodeId, vcluster: nodeId.startsWith("ml") ? "ml-training" : "dev" }));
  keepNames(join(home, ".cache/pact"), { endpoint, principal: "ops", filter: {}, nodes }, Date.now());
  return { home, work, env };
}

/** Lines that begin with pact show their words from now on. The scripts call the program all the same. */
export const SHOWING = `pact() { printf '<%s>' "$@"; echo; }`;

const LEFT = "\x1b[D";

/** Keys, and the words that the shell makes of them with Tab. */
export const SHOWN: readonly (readonly [keys: string, words: string])[] = [
  ["pact comp\tb\t", "<completion><bash>"],
  ["pact exec gp\t-- x", "<exec><gpu-1><--><x>"],
  ["pact exec ml-001 -- n\tx", "<exec><ml-001><--><nx>"],
  ["pact log --scope no\tgp\t", "<log><--scope><node:gpu-1>"],
  ["pact log --scope=vc:ml\tx", "<log><--scope=vc:ml-training><x>"],
  ["pact log --outp\tjs\t", "<log><--output><json>"],
  ["pact exec 'gp\tx", "<exec><gpu-1><x>"],
  ['pact log --scope "node:gp\tx', "<log><--scope><node:gpu-1><x>"],
  [`pact sta gpu-1${LEFT.repeat(6)}\t`, "<status><gpu-1>"],
  ["pact run ni\tx", "<run><night checks.pact><x>"],
  ["pact site up --dir ch\tx", "<site><up><--dir><checks/x>"],
  ["pact site up --dir=ch\tx", "<site><up><--dir=checks/x>"],
  ["pact version > ni\t\r cat ni\t", "<version>"],
];

/** Answers as pact would, with words and notes that would do harm if anything of them were evaluated. */
export const HOSTILE = `#!/bin/sh
printf '%s\\n' words 'x$(touch HARM)' 'x\`touch HARM\`' 'x;touch HARM' 'x"$(touch HARM)' "x'; touch HARM;'" 'x:$(touch HARM)%F{red}%(!.a.b)\${(e):-\\$(touch HARM)}'
`;
