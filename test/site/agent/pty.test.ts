// Programs on a terminal: nothing of their output is lost, however they end and however slowly it is read.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openTerminal, type Terminal } from "../../../src/site/agent/pty.ts";
import { processesWith, until } from "./support/agents.ts";

const dir = mkdtempSync(join(tmpdir(), "pact-pty-"));
const burst = join(dir, "burst");
writeFileSync(burst, "x".repeat(100_000));
test.after(() => rmSync(dir, { recursive: true, force: true }));

const plain = { cwd: "/", env: { PATH: "/usr/bin:/bin", TERM: "dumb" }, rows: 24, cols: 80 };

async function collect(file: string, args: readonly string[]): Promise<number> {
  let bytes = 0;
  const terminal = openTerminal({ ...plain, file, args, output: (chunk) => { bytes += chunk.length; return true; } });
  await terminal.ended;
  return bytes;
}

test("a program that prints 100 KB and exits at once, 200 times: all bytes arrive", async () => {
  for (let round = 0; round < 10; round++) {
    assert.equal(await Promise.all(Array.from({ length: 20 }, () => collect("/bin/cat", [burst]))), Array.from({ length: 20 }, () => 100_000));
  }
});

test("one byte and an exit arrives too", async () => {
  assert.equal(await Promise.all(Array.from({ length: 20 }, () => collect("/bin/echo", ["-n", "y"]))), Array.from({ length: 20 }, () => 1));
});

test("a reader that pauses at every chunk loses nothing, also when the program ends meanwhile", async () => {
  const slow = async (): Promise<number> => {
    let bytes = 0;
    const terminal: Terminal = openTerminal({
      ...plain, file: "/bin/cat", args: [burst],
      output(chunk) {
        bytes += chunk.length;
        setTimeout(() => terminal.resume(), 1);
        return false;
      },
    });
    await terminal.ended;
    return bytes;
  };
  assert.equal(await Promise.all(Array.from({ length: 20 }, slow)), Array.from({ length: 20 }, () => 100_000));
});

test("a reader that stops reading stops the program, and memory stays small", async () => {
  let bytes = 0;
  const terminal = openTerminal({ ...plain, file: "/bin/cat", args: ["/dev/zero"], output: (chunk) => { bytes += chunk.length; return bytes < 10_000; } });
  await until("it is paused", () => bytes >= 10_000);
  const paused = bytes;
  await until("a while goes by", (() => { const end = Date.now() + 150; return () => Date.now() > end; })());
  assert.ok(bytes - paused < 200_000, `${bytes - paused} more`);
  await terminal.end();
  assert.is(processesWith("cat /dev/zero").length, 0);
});

test("the exit code and the signal are told", async () => {
  const one = openTerminal({ ...plain, file: "/bin/sh", args: ["-c", "exit 9"], output: () => true });
  assert.equal(await one.ended, { exitCode: 9, signal: 0 });
  const two = openTerminal({ ...plain, file: "/bin/sh", args: ["-c", "kill -9 $$"], output: () => true });
  assert.is((await two.ended).signal, 9);
});

test("a program that is ended before it has come to its own session ends too, 100 times", async () => {
  const young = async (): Promise<number> => {
    const terminal = openTerminal({ ...plain, file: "/bin/sleep", args: ["7200"], output: () => true });
    await terminal.end();
    return (await terminal.ended).signal;
  };
  for (let round = 0; round < 10; round++) assert.equal(await Promise.all(Array.from({ length: 10 }, young)), Array.from({ length: 10 }, () => 15));
});

test.run();
