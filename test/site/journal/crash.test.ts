// A journal killed under 32 concurrent writers: what it acknowledged is there, without a gap, and the chain holds.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { realClock } from "../../../src/site/clock.ts";
import { Journal } from "../../../src/site/journal/journal.ts";
import { entryOf } from "../../../src/site/journal/entry.ts";
import { verifyJournal } from "../../../src/site/journal/verify.ts";
import { CONFIG, OPS, VC, call, clientOf, as, tempDir, until } from "./support.ts";

const SERVER = fileURLToPath(new URL("./crash-server.js", import.meta.url));
const ROUNDS = 5;
const WRITERS = 32;
/** Acknowledged entries after which the journal dies; another number each round, so that it dies elsewhere. */
const ENOUGH = 300;

async function start(dir: string): Promise<{ child: ChildProcess; grpc: string }> {
  const child = spawn(process.execPath, [SERVER, dir], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  return { child, grpc: JSON.parse(String(line)).grpc };
}

/** Writes from 32 writers until the journal is killed; answers what was acknowledged: sequence and text. */
async function writeUntilKilled(grpc: string, child: ChildProcess, round: number): Promise<Map<number, string>> {
  const config = clientOf("pact.journal.ConfigService", grpc);
  const clients = { config, policy: config, enrollment: config, boot: config };
  const author = { principal: OPS.principal, principal_type: OPS.principalType, role: OPS.role };
  const acknowledged = new Map<number, string>();
  let alive = true;
  const writer = async (number: number): Promise<void> => {
    for (let n = 0; alive; n += 1) {
      const policy_ref = `round ${round} writer ${number} entry ${n}`;
      try {
        const { sequence } = await call(clients, "config", "AppendEntry", { entry: { entry_type: "ENTRY_TYPE_COMMIT", scope: VC, author, policy_ref } }, as(OPS));
        acknowledged.set(Number(sequence), policy_ref);
      } catch {
        return;
      }
    }
  };
  const writers = Array.from({ length: WRITERS }, (_, number) => writer(number));
  await until(() => acknowledged.size >= ENOUGH + round * 97, "enough entries");
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
  alive = false;
  await Promise.all(writers);
  config.close();
  return acknowledged;
}

test("kill -9 under 32 writers, five times on one folder, loses nothing that was acknowledged", async () => {
  const dir = tempDir();
  const acknowledged = new Map<number, string>();
  for (let round = 0; round < ROUNDS; round += 1) {
    const { child, grpc } = await start(dir);
    for (const [sequence, text] of await writeUntilKilled(grpc, child, round)) {
      assert.not.ok(acknowledged.has(sequence), `sequence ${sequence} was given twice`);
      acknowledged.set(sequence, text);
    }
    const checked = await verifyJournal(dir);
    assert.equal(checked.problems, []);
    const journal = Journal.open({ dir, clock: realClock(), config: CONFIG, profile: "embedded" });
    assert.is(journal.store.entries, checked.entries);
    for (const [sequence, text] of acknowledged) {
      const link = journal.store.entry(sequence);
      assert.is(link === undefined ? undefined : entryOf(link).policy_ref, text, `entry ${sequence}`);
    }
    // Every entry was audited with it: one record a call.
    assert.ok(checked.audit >= checked.entries);
    await journal.close();
  }
  rmSync(dir, { recursive: true });
});

test("a second process is refused while the first one lives, and let in after it was killed", async () => {
  const dir = tempDir();
  const { child } = await start(dir);
  assert.throws(() => Journal.open({ dir, clock: realClock(), config: CONFIG, profile: "embedded" }), new RegExp(`in use by process ${child.pid}`));
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
  await Journal.open({ dir, clock: realClock(), config: CONFIG, profile: "embedded" }).close();
  rmSync(dir, { recursive: true });
});

test.run();
