// The store: its chains show any change, one process owns it, strange scopes do it no harm, and a failed start leaves nothing.
import { test } from "uvu";
import * as assert from "uvu/assert";
import fc from "fast-check";
import { rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { status } from "@grpc/grpc-js";
import { realClock } from "../../../src/site/clock.ts";
import { GENESIS, flaw, forge, readLink } from "../../../src/site/journal/chain.ts";
import { Journal } from "../../../src/site/journal/journal.ts";
import { startJournal } from "../../../src/site/journal/server.ts";
import { openFiles } from "../../../src/site/journal/files.ts";
import type { Files } from "../../../src/site/journal/files.ts";
import { Store } from "../../../src/site/journal/store.ts";
import { verifyJournal } from "../../../src/site/journal/verify.ts";
import { ADMIN, CONFIG, OPS, VC, all, as, call, refusal, tempDir, verify, withJournal } from "./support.ts";

const reopen = (dir: string) => Journal.open({ dir, clock: realClock(), config: CONFIG, profile: "embedded" });

test("a link holds what was put in, and any changed byte of it shows", () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.jsonValue(), fc.nat(), fc.integer({ min: 1, max: 255 }), (index, body, at, change) => {
      const { link, bytes } = forge(index, 5, "entry", body, GENESIS);
      const again = readLink(bytes);
      assert.equal(JSON.stringify(again.body), JSON.stringify(body));
      assert.is(flaw(bytes, again, index, GENESIS), undefined);
      assert.ok(flaw(bytes, again, index + 1, GENESIS));
      assert.ok(flaw(bytes, again, index, link.hash));
      const broken = Buffer.from(bytes);
      broken[at % broken.length] = (broken[at % broken.length] ?? 0) ^ change;
      try {
        assert.ok(flaw(broken, readLink(broken), index, GENESIS), `byte ${at % broken.length}`);
      } catch (error) {
        if (error instanceof assert.Assertion) throw error;
      }
    }),
  );
});

/** Fills a folder with ten entries, lets `harm` at the closed files, and answers what verification finds. */
async function harmed(harm: (files: Files) => void): Promise<{ dir: string; problems: string[] }> {
  const dir = tempDir();
  const store = Store.open(dir, () => {});
  for (let n = 0; n < 10; n += 1) {
    store.append("journal", n, "entry", { sequence: n }, { sequence: n, scope: "global" });
    store.append("audit", n, "call", { n });
  }
  await store.close();
  assert.equal((await verifyJournal(dir)).problems, []);
  const files = openFiles(dir, false);
  harm(files);
  await files.root.close();
  return { dir, problems: (await verifyJournal(dir)).problems };
}

const HARMS: readonly [string, (files: Files) => void, RegExp][] = [
  ["a changed record", ({ logs }) => {
    const bytes = Buffer.from(logs.journal.get(4) ?? "");
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 3) ^ 1, bytes.length - 3);
    logs.journal.putSync(4, bytes);
  }, /journal: record 4 /],
  ["a missing record", ({ logs }) => void logs.journal.removeSync(4), /record 5 stands where 4 belongs/],
  ["a missing end", ({ logs }) => void logs.audit.removeSync(9), /audit: the head is not the last record/],
  ["a forged end", ({ logs }) => logs.journal.putSync(10, forge(10, 0, "entry", { sequence: 10 }, GENESIS).bytes), /record 10 does not follow/],
  ["a missing index", ({ sequences }) => void sequences.removeSync(3), /the index knows 9 entries, the log has 10/],
];
for (const [what, harm, found] of HARMS) {
  test(`verification finds ${what}`, async () => {
    const { dir, problems } = await harmed(harm);
    assert.ok(problems.some((problem) => found.test(problem)), problems.join("; "));
    rmSync(dir, { recursive: true });
  });
}

test("a damaged journal does not start, and says where it is damaged", async () => {
  const { dir } = await harmed(HARMS[0]?.[1] ?? (() => {}));
  const open = () => Store.open(dir, () => {});
  assert.throws(open, /the journal log is damaged: record 4/);
  assert.throws(open, /the journal log is damaged: record 4/);
  rmSync(dir, { recursive: true });
});

test("there is nothing to verify where there is no journal", async () => {
  const dir = tempDir();
  let failed = false;
  await verifyJournal(dir).catch(() => (failed = true));
  assert.ok(failed);
  rmSync(dir, { recursive: true });
});

test("the folder is for its owner only", withJournal("embedded", async (j) => {
  assert.is(statSync(j.dir).mode & 0o777, 0o700);
}));

test("a journal that is open is not opened again, and goes on", withJournal("embedded", async (j) => {
  assert.throws(() => reopen(j.dir), /in use by process/);
  assert.is(await j.append(OPS, { entry_type: "ENTRY_TYPE_COMMIT", scope: VC }), 0);
}));

test("a start that fails on a taken port leaves the folder free and closes what it opened", async () => {
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
  const { port } = blocker.address() as AddressInfo;
  const dir = tempDir();
  for (const ports of [{ grpc: port, http: 0 }, { grpc: 0, http: port }]) {
    const start = startJournal({ dir, host: "127.0.0.1", ports, profile: "embedded", clock: realClock(), config: CONFIG, verify, discovery: () => ({ idp_url: "", client_id: "", scopes: [] }) });
    let failed = false;
    await start.catch(() => (failed = true));
    assert.ok(failed);
  }
  await reopen(dir).close();
  await new Promise<void>((resolve) => blocker.close(() => resolve()));
  rmSync(dir, { recursive: true });
});

test("whatever text a scope, an author or a message is, a stock journal keeps it or refuses it, and goes on", withJournal("real", async (j) => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary", maxLength: 300 }), fc.string({ unit: "binary", maxLength: 50 }), async (id, text) => {
      const scope = { node_id: id };
      const author = { principal: `p${text}`, role: `r${text}` };
      const writing = j.append(ADMIN, { entry_type: "ENTRY_TYPE_COMMIT", scope, author, policy_ref: text });
      const sequence = await writing.catch((error) => {
        assert.is(error.code, status.INVALID_ARGUMENT);
        return undefined;
      });
      if (sequence === undefined) return;
      const [found] = (await all(j.config.ListEntries({ scope, from_sequence: sequence }, as(ADMIN))));
      assert.equal([found?.scope?.node_id, found?.policy_ref, found?.author?.principal], [id, text, `p${text}`]);
    }),
    { numRuns: 200 },
  );
  await call(j, "config", "GetEntry", { sequence: 0 }, as(ADMIN));
}));

test("once a write has failed, every later one is refused, and reads say so too", withJournal("embedded", async (j) => {
  const entry = { entry_type: "ENTRY_TYPE_COMMIT", scope: VC } as const;
  await j.append(OPS, entry);
  // A disk that is full answers like this.
  const prototype: { put: (records: unknown) => Promise<void> } = Store.prototype as never;
  const { put } = prototype;
  prototype.put = () => Promise.reject(new Error("no space left"));
  try {
    const refused = await refusal(j.append(OPS, entry));
    assert.equal([refused.code, refused.failure], [status.INTERNAL, "remote"]);
    assert.match(refused.details, /Raft write failed: the journal cannot write: no space left/);
  } finally {
    prototype.put = put;
  }
  assert.is((await refusal(j.append(OPS, entry))).code, status.INTERNAL);
  assert.is((await refusal(call(j, "config", "GetEntry", { sequence: 0 }, as(OPS)))).code, status.INTERNAL);
  const later = await j.again();
  try {
    assert.is(await later.append(OPS, entry), 1);
  } finally {
    await later.stop();
  }
}));

test.run();
