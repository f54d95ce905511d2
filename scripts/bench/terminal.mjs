// A program under a terminal of 80 by 24, for what operators feel: from a key to what it prints.
import { spawn } from "node-pty";
import { FAST } from "./measure.mjs";

const PATIENCE_MS = 10_000;

/** `send(keys, done)` types and resolves to the milliseconds until `done(text printed since)` holds. */
export function startTerminal(file, args, env) {
  const pty = spawn(file, args, { name: "xterm-256color", cols: 80, rows: 24, env: { ...env, TERM: "xterm-256color" } });
  let text = "";
  let check = () => {};
  pty.onData((data) => {
    text += data;
    check();
  });
  const exited = new Promise((resolve) => pty.onExit(resolve));
  const wait = (done) => new Promise((resolve, reject) => {
    const began = performance.now();
    const late = setTimeout(() => reject(new Error(`not within ${PATIENCE_MS} ms; printed: ${JSON.stringify(text.slice(-500))}`)), PATIENCE_MS);
    check = () => {
      if (!done(text)) return;
      check = () => {};
      clearTimeout(late);
      resolve(performance.now() - began);
    };
    check();
  });
  return {
    pid: pty.pid,
    wait,
    send(keys, done) {
      text = "";
      const waited = wait(done);
      pty.write(keys);
      return waited;
    },
    async stop(keys) {
      pty.write(keys);
      const late = setTimeout(() => pty.kill("SIGKILL"), 2_000);
      await exited;
      clearTimeout(late);
    },
  };
}

export const PROMPT = /pact> \r(\u001b\[[\d;?]*[A-Za-z])*$/;

/** The pact shell, once its prompt stands. */
export async function startShell(env) {
  const shell = startTerminal(process.execPath, [FAST], env);
  await shell.wait((text) => PROMPT.test(text));
  return shell;
}
