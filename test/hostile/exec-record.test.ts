// What a client has seen end is in the journal once, whoever is killed: the client or the site.
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openSpool } from "../../src/site/agent/spool.ts";
import { collect, never, summary, testClient, until, type TestClient } from "../client/support/client.ts";
import { tempFolder } from "../support/folder.ts";
import { processesWith } from "../support/processes.ts";
import { startTestSite, type TestSite } from "../support/site.ts";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const AT_ONCE = 8;

let site: TestSite;
test.before(async () => {
  site = await startTestSite({ bare: true });
});
test.after(() => site.close());

async function clientOf(): Promise<TestClient> {
  const token = await site.token("admin");
  return testClient(site.file.journal.grpc, { token: { token: async () => token, refresh: async () => undefined } });
}

async function execLogs(client: TestClient): Promise<string[]> {
  const entries = await collect(client.journal.list({}, never()));
  return entries.filter(({ type }) => type === "EXEC_LOG").map(({ message }) => message);
}

test("a client that is killed takes its command on the node with it within two seconds, and the record is there", async () => {
  const mark = `pact-nothing-${process.pid}`;
  const child = spawn(process.execPath, [MAIN, "exec", "node-001", "--", "tail", "-F", mark], { env: await site.env("admin"), stdio: "ignore" });
  const remote = (): string[] => processesWith(mark).filter((line) => !line.includes(MAIN));
  await until(() => remote().length > 0, "the command runs");
  child.kill("SIGKILL");
  const killed = performance.now();
  await until(() => remote().length === 0, "the command ends");
  assert.ok(performance.now() - killed < 2_000, `${performance.now() - killed} ms`);
  const client = await clientOf();
  try {
    let found: string[] = [];
    for (const end = Date.now() + 10_000; found.length === 0 && Date.now() < end; ) found = (await execLogs(client)).filter((text) => text.includes(mark));
    assert.is(found.length, 1);
    assert.match(found[0] ?? "", /^exec:tail -F \S+ exit=-1 cancelled/);
  } finally {
    client.close();
  }
});

test("a site that is killed amid many commands has each that a client saw end, once", async () => {
  const client = await clientOf();
  const seen: string[] = [];
  let going = true;
  const worker = async (name: number): Promise<void> => {
    const agent = await client.agents.at("node-001", never());
    for (let turn = 0; going; turn += 1) {
      const word = `w${name}-${turn}`;
      const { exit } = summary(await collect(agent.exec(["echo", word], never())));
      if (exit === undefined) return;
      seen.push(word);
    }
  };
  const workers = Array.from({ length: AT_ONCE }, (_, name) => worker(name));
  await until(() => seen.length > 3 * AT_ONCE, "commands come to their end");
  await site.kill();
  going = false;
  await Promise.all(workers);
  client.close();
  await site.restart();
  const later = await clientOf();
  try {
    const logged = (await execLogs(later)).flatMap((text) => /^exec:echo (w\S+)/.exec(text)?.[1] ?? []);
    assert.equal(seen.filter((word) => !logged.includes(word)), []);
    assert.is(new Set(logged).size, logged.length, "an entry is there twice");
  } finally {
    later.close();
  }
});

test("an entry that is kept behind a line which a crash cut is not lost with it", async () => {
  const folder = tempFolder();
  appendFileSync(join(folder, "spool.jsonl"), '{"id":"cut","entry":{"entry_ty');
  const away = { append: () => Promise.reject(new Error("away")), entry: () => Promise.reject(new Error("away")), updates: () => Promise.resolve(), close: () => {} };
  const first = openSpool(folder, away);
  assert.is(await first.append({ policy_ref: "kept" }), null);
  // As a crash leaves it: what is on the disk is all there is.
  const kept = readFileSync(join(folder, "spool.jsonl"), "utf8");
  await first.close();
  const again = tempFolder();
  appendFileSync(join(again, "spool.jsonl"), kept);
  const sent: unknown[] = [];
  const second = openSpool(again, { ...away, append: async (entry) => String(sent.push(entry.policy_ref)) });
  await until(() => second.waiting === 0, "the spool is sent");
  assert.equal(sent, ["kept"]);
  await second.close();
});

test.run();
