// The provider's state on its own: single use, expiry by the site's clock, revocation.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openProviderStore, type ProviderStore } from "../../../src/site/idp/store.ts";
import { movableClock, type MovableClock } from "./world.ts";

async function withStore(run: (store: ProviderStore, clock: MovableClock, reopen: () => Promise<ProviderStore>) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "pact-store-"));
  const clock = movableClock();
  const open = (): ProviderStore => openProviderStore(dir, clock, () => new Error("used twice"));
  let store = open();
  try {
    await run(store, clock, async () => {
      await store.close();
      store = open();
      return store;
    });
  } finally {
    await store.close();
    await rm(dir, { recursive: true });
  }
}

test("what was consumed, has expired or was never there is not consumed again", async () => {
  await withStore(async (store, clock) => {
    const tokens = store.adapter("RefreshToken");
    const consume = (id: string): Promise<string> => tokens.consume(id).then(() => "done", (error: Error) => error.message);
    await tokens.upsert("a", { grantId: "g" }, 60);
    await tokens.upsert("b", { grantId: "g" }, 60);
    assert.equal(await Promise.all([consume("a"), consume("a"), consume("none")]), ["done", "used twice", "used twice"]);
    clock.advance(61_000);
    assert.is(await consume("b"), "used twice");
  });
});

test("records are found by id, uid and user code, each kind for itself, and only while they live", async () => {
  await withStore(async (store, clock, reopen) => {
    await store.adapter("Session").upsert("s", { uid: "u" }, 60);
    await store.adapter("DeviceCode").upsert("d", { userCode: "CODE" }, 60);
    const again = await reopen();
    assert.equal(await again.adapter("Session").find("s"), { uid: "u" });
    assert.equal(await again.adapter("Session").findByUid("u"), { uid: "u" });
    assert.equal(await again.adapter("DeviceCode").findByUserCode("CODE"), { userCode: "CODE" });
    assert.is(await again.adapter("DeviceCode").find("s"), undefined);
    assert.is(await again.adapter("DeviceCode").findByUid("u"), undefined);
    clock.advance(61_000);
    assert.is(await again.adapter("Session").find("s"), undefined);
    assert.is(await again.adapter("Session").findByUid("u"), undefined);
    assert.is(await again.adapter("DeviceCode").findByUserCode("CODE"), undefined);
  });
});

test("a grant's end takes its tokens, a user's end all of theirs, and nobody else's", async () => {
  await withStore(async (store) => {
    const tokens = store.adapter("RefreshToken");
    for (const [id, grantId, accountId] of [["1", "g1", "ops"], ["2", "g2", "ops"], ["3", "g3", "admin"]] as const) await tokens.upsert(id, { grantId, accountId }, 60);
    await tokens.revokeByGrantId("g1");
    const alive = async (): Promise<boolean[]> => await Promise.all(["1", "2", "3"].map(async (id) => (await tokens.find(id)) !== undefined));
    assert.equal(await alive(), [false, true, true]);
    store.forget("ops");
    assert.equal(await alive(), [false, false, true]);
    await tokens.destroy("3");
    assert.equal(await alive(), [false, false, false]);
  });
});

test.run();
