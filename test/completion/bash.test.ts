// `pact completion bash` in a real bash: the function as readline calls it, and Tab on a terminal.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bashReply } from "../../src/app/shell-reply.ts";
import { type Pty, startPty } from "../repl/support/pty.ts";
import { HOSTILE, SHOWING, SHOWN, type World, putPact, withShell, world } from "./world.ts";

const bash = withShell("bash");
let here: World;
const open: Pty[] = [];

test.before(() => {
  here = world();
});
test.after(() => open.forEach((pty) => pty.close()));

/** COMPREPLY for a line with the cursor at its end; `word` is what bash itself takes for the word. */
function replies(line: string, word: string, type = 9): string[] {
  const script = `source <(pact completion bash); COMP_LINE=$1 COMP_POINT=\${#1} COMP_TYPE=$3 COLUMNS=80; _pact pact "$2" x; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync("bash", ["--norc", "-c", script, "bash", line, word, String(type)], { env: here.env, cwd: here.work, encoding: "utf8" });
  assert.is(stderr.replace(/.*compopt: not currently executing completion function\n/g, ""), "");
  return stdout.split("\n").filter((text) => text !== "");
}

bash("commands, flags, values and names are offered as bash cuts words", () => {
  assert.equal(replies("pact sta", "sta"), ["status"]);
  assert.equal(replies("pact site st", "st"), ["status"]);
  assert.equal(replies("pact status --outp", "--outp"), ["--output"]);
  assert.equal(replies("pact status --output=js", "js"), ["json"]);
  assert.equal(replies("pact --output json exec m", "m"), ["ml-001", "ml-002"]);
  assert.equal(replies("pact log --scope node:g", "g"), ["gpu-1"]);
  assert.equal(replies("pact log --scope=vc:", ""), ["dev", "ml-training"]);
  assert.equal(replies("pact log --scope 'node:g", "node:g"), ["node:gpu-1"]);
  assert.equal(replies("pact exec ml-001 ", ""), ["--"]);
  assert.equal(replies("pact exec ml-001 -- ", ""), []);
  assert.equal(replies("pact set ", ""), []);
  assert.equal(replies("pact nonsense ", ""), []);
});

bash("what is not a beginning is offered only when nothing else could be meant", () => {
  assert.equal(replies("pact cmplt", "cmplt"), ["completion"]);
  assert.equal(replies("pact lg", "lg"), [], "log, login and logout share a beginning that would replace the word");
});

bash("notes stand beside the words when bash only lists", () => {
  const listed = replies("pact exec ", "", 63);
  assert.equal(listed, ["gpu-1   (dev)", "ml-001  (ml-training)", "ml-002  (ml-training)"]);
  assert.ok(replies("pact ", "", 63).every((text) => text.length < 80));
});

bash("what is inserted is read back by bash as the word that was meant", () => {
  for (const text of ["a b", "$(touch HARM)", "`touch HARM`", "it's", 'say "so"', "a\\b", "node-[001-003]", "!x", "*", "ä ö", "~", "#x", "a;b|c&d>e<f"]) {
    for (const open of ["", "'", '"']) {
      const completion = { candidates: [{ text }] };
      const [, quoted = ""] = bashReply(completion, "", { line: `pact x ${open}`, start: 7, word: "", columns: 0 }).split("\n");
      const { stdout } = spawnSync("bash", ["--norc", "-c", `printf '%s' ${open}${quoted}${open}`], { encoding: "utf8", cwd: here.work });
      assert.is(stdout, text);
    }
  }
  assert.not.ok(existsSync(join(here.work, "HARM")));
});

async function terminal(at: World): Promise<Pty> {
  const pty = startPty("bash", ["--norc", "--noprofile", "-i"], { ...at.env, PS1: "ready> " }, at.work);
  open.push(pty);
  pty.type(`bind 'set bell-style none' 'set enable-bracketed-paste off'; source <(pact completion bash); ${SHOWING}; echo in-$((40+2))\r`);
  await pty.see("in-42");
  await pty.see("ready> ");
  return pty;
}

bash("Tab completes on a terminal: a command, a node, a scope, in the middle of a line, and files", async () => {
  const pty = await terminal(here);
  for (const [keys, words] of SHOWN) {
    pty.type(`${keys}\r`);
    await pty.see(words);
  }
  pty.type("pact exec \t\t");
  await pty.see("(ml-training)");
});

bash("an answer that is meant to do harm is never evaluated", async () => {
  const hostile = world();
  const pty = await terminal(hostile);
  putPact(hostile, HOSTILE);
  pty.type("pact x\t\t");
  await pty.see("touch HARM");
  pty.type("\x15echo d-$((40+2))\r");
  await pty.see("d-42");
  assert.not.ok(existsSync(join(hostile.work, "HARM")));
});

test.run();
