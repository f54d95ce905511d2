// The readers of files that people and crashes damage, fed with random and mutated bytes: each
// answers, says undefined, or throws a PactError; none throws anything else or hangs.
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { test } from "uvu";
import { PactError } from "../../src/api/index.ts";
import { readConfig } from "../../src/app/files.ts";
import { runningSite } from "../../src/app/running-site.ts";
import { openCache } from "../../src/auth/cache.ts";
import { SITE_FILE } from "../../src/contract/control.ts";
import { HistoryFile } from "../../src/repl/history-file.ts";
import { tempFolder } from "../support/folder.ts";

const RUNS = { numRuns: 1_500, seed: 20_261_125 };
const SERVER = "http://127.0.0.1:9443";

/** A good file with bytes changed, cut out or put in, or bytes that were never one. */
function damaged(good: string): fc.Arbitrary<Uint8Array> {
  const bytes = Buffer.from(good);
  const place = fc.nat(bytes.length);
  const piece = fc.oneof(fc.uint8Array({ maxLength: 6 }), fc.constantFrom("{", "}", "[", "\"", "null", "1e999", "=", "\n", "__proto__", "\u0000").map((text) => new Uint8Array(Buffer.from(text))));
  const mutated = fc.array(fc.tuple(place, fc.nat(8), piece), { minLength: 1, maxLength: 4 }).map((changes) => {
    let now: Buffer = bytes;
    for (const [at, cut, put] of changes) now = Buffer.concat([now.subarray(0, at), put, now.subarray(at + cut)]);
    return new Uint8Array(now);
  });
  return fc.oneof({ weight: 4, arbitrary: mutated }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) }, { weight: 1, arbitrary: fc.json().map((text) => new Uint8Array(Buffer.from(text))) });
}

const onlyPactErrors = async (read: () => unknown): Promise<void> => {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof PactError)) throw error;
    if (error.failure === "internal") throw error;
  }
};

test("cli.toml", async () => {
  const path = join(tempFolder(), "cli.toml");
  const good = `endpoint = "http://h:9443"\ntimeout_seconds = 5\nplugins = ["a"]\n[auth]\nscopes = ["openid"]\ncallback_port = 80\n[agents]\nrequire_tls = true\nnode-001 = "http://n:1"\n[context.a]\nread_only = false\n`;
  await fc.assert(fc.asyncProperty(damaged(good), async (bytes) => {
    writeFileSync(path, bytes);
    await onlyPactErrors(() => readConfig(path));
  }), RUNS);
});

test("the token cache", async () => {
  const dir = tempFolder();
  const cache = openCache(dir, SERVER);
  mkdirSync(join(dir, "auth"), { mode: 0o700 });
  const good = JSON.stringify({ version: 1, server: SERVER, access_token: "a.b.c", refresh_token: null, expires_at: "2026-01-01T00:00:00Z", scopes: ["openid"], issuer: "http://i", client_id: "c", token_endpoint: "http://t", revocation_endpoint: null });
  await fc.assert(fc.asyncProperty(damaged(good), async (bytes) => {
    writeFileSync(cache.path, bytes, { mode: 0o600 });
    chmodSync(cache.path, 0o600);
    await onlyPactErrors(() => cache.read());
  }), RUNS);
});

test("site.json", async () => {
  const dir = tempFolder();
  const good = JSON.stringify({ version: 1, pid: process.pid, uid: process.getuid?.(), journal: { grpc: "http://127.0.0.1:1", http: "http://127.0.0.1:2" }, nodes: [{ node_id: "n", endpoint: "http://127.0.0.1:3", kind: "host" }] });
  await fc.assert(fc.asyncProperty(damaged(good), async (bytes) => {
    writeFileSync(join(dir, SITE_FILE), bytes);
    runningSite(dir);
  }), RUNS);
});

test("history.jsonl", async () => {
  const path = join(tempFolder(), "history.jsonl");
  const record = (line: string): string => JSON.stringify({ line, time: "2026-01-01T00:00:00Z", vcluster: null, node: null, exit: 0, duration_ms: 1, session: "s" });
  const file = new HistoryFile(path, () => {});
  await fc.assert(fc.asyncProperty(damaged(`${record("status")}\n${record("log -n 1")}\n`), async (bytes) => {
    writeFileSync(path, bytes, { mode: 0o600 });
    for (const { line, time } of file.load()) {
      if (typeof line !== "string" || Number.isNaN(time.getTime())) throw new Error("a record that is none");
    }
  }), RUNS);
});

test.run();
