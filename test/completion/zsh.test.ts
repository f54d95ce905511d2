// `pact completion zsh` in a real zsh on a terminal.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Pty, startPty } from "../repl/support/pty.ts";
import { HOSTILE, SHOWING, SHOWN, type World, putPact, withShell, world } from "./world.ts";

const zsh = withShell("zsh");
const open: Pty[] = [];

test.after(() => open.forEach((pty) => pty.close()));

async function terminal(at: World, load = "compinit -u -D; source <(pact completion zsh)"): Promise<Pty> {
  const pty = startPty("zsh", ["-f", "-i"], { ...at.env, PS1: "ready> " }, at.work);
  open.push(pty);
  pty.type(`unsetopt beep; unset zle_bracketed_paste; autoload -Uz compinit; ${load}; ${SHOWING}; echo in-$((40+2))\r`);
  await pty.see("in-42");
  await pty.see("ready> ");
  return pty;
}

zsh("Tab completes a command, a node, a scope, a value, in quotes, in the middle of a line, and files", async () => {
  const pty = await terminal(world());
  for (const [keys, words] of SHOWN) {
    pty.type(`${keys}\r`);
    await pty.see(words);
  }
  pty.type("pact exec \t");
  await pty.see(/ml-001 +-- ml-training/);
});

zsh("the script works from a folder of fpath too", async () => {
  const at = world();
  const functions = join(at.home, "functions");
  mkdirSync(functions);
  writeFileSync(join(functions, "_pact"), spawnSync("pact", ["completion", "zsh"], { env: at.env, encoding: "utf8" }).stdout);
  const pty = await terminal(at, `fpath=(${functions} $fpath); compinit -u -D`);
  pty.type("pact exec gp\t-- \t#1\r");
  await pty.see("<exec><gpu-1><--><#1>");
});

zsh("an answer that is meant to do harm is never evaluated", async () => {
  const hostile = world();
  const pty = await terminal(hostile);
  putPact(hostile, HOSTILE);
  pty.type("pact x\t\t");
  await pty.see("touch HARM");
  pty.type("\t\t\x03\x15echo d-$((40+2))\r");
  await pty.see("d-42");
  assert.not.ok(existsSync(join(hostile.work, "HARM")));
});

test.run();
