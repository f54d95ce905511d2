// The live stream and boot configuration: gap-free under concurrency, at the client's pace, in the exact JSON.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { spawnSync } from "node:child_process";
import { status } from "@grpc/grpc-js";
import { overlayChecksum } from "../../../src/site/journal/siphash.ts";
import { zstdFrame } from "../../../src/site/journal/zstd.ts";
import { ADMIN, KERNEL, OPS, VC, all, as, call, refusal, until, withJournal } from "./support.ts";
import type { Opened } from "./support.ts";

const COMMIT = { entry_type: "ENTRY_TYPE_COMMIT", scope: VC } as const;

function follow(j: Opened, from_sequence = 0) {
  const stream = j.boot.SubscribeConfigUpdates({ from_sequence }, as(OPS));
  const got: number[] = [];
  stream.on("data", ({ sequence }) => got.push(Number(sequence)));
  stream.on("error", () => {});
  return { stream, got };
}

test("a subscriber gets every entry once and in order, whenever it comes", withJournal("embedded", async (j) => {
  const writing = Promise.all(Array.from({ length: 16 }, async (_, writer) => {
    for (let n = 0; n < 60; n += 1) await j.append(OPS, { ...COMMIT, policy_ref: `${writer}/${n}` });
  }));
  const followers = [follow(j)];
  for (const from of [0, 100, 500, 900]) {
    await until(() => (followers[0]?.got.length ?? 0) >= from / 2, "some entries");
    followers.push(follow(j, from));
  }
  await writing;
  await until(() => followers.every(({ got }) => got.at(-1) === 959), "all at the head");
  for (const [n, from] of [0, 0, 100, 500, 900].entries()) {
    assert.equal(followers[n]?.got, Array.from({ length: 960 - from }, (_, at) => from + at));
  }
  for (const { stream } of followers) stream.cancel();
}));

test("a subscriber that stops reading gets the rest later, and holds nobody up", withJournal("embedded", async (j) => {
  const slow = follow(j);
  slow.stream.pause();
  const fast = follow(j);
  for (let batch = 0; batch < 10; batch += 1) {
    await Promise.all(Array.from({ length: 200 }, () => j.append(OPS, { ...COMMIT, policy_ref: "y".repeat(2000) })));
  }
  await until(() => fast.got.length === 2000, "the fast one at the head");
  assert.ok(slow.got.length < 2000);
  slow.stream.resume();
  await until(() => slow.got.length === 2000, "the slow one at the head");
  assert.equal(slow.got, fast.got);
  slow.stream.cancel();
  fast.stream.cancel();
}));

test("a subscriber that reads nothing for a minute is ended, and the status says how to go on", withJournal("embedded", async (j) => {
  const slow = follow(j);
  const ended = refusal(new Promise((_resolve, reject) => slow.stream.on("error", reject)));
  slow.stream.pause();
  for (let batch = 0; batch < 10; batch += 1) {
    await Promise.all(Array.from({ length: 200 }, () => j.append(OPS, { ...COMMIT, policy_ref: "y".repeat(2000) })));
  }
  j.clock.advance(61_000);
  slow.stream.resume();
  const error = await ended;
  assert.is(error.code, status.UNAVAILABLE);
  assert.match(error.details, /go on from the last sequence/);
  assert.equal(slow.got, Array.from({ length: slow.got.length }, (_, seq) => seq));
  assert.ok(slow.got.length < 2000);
}));

test("a stream ends with the token it was opened with", withJournal("embedded", async (j) => {
  const stream = j.boot.SubscribeConfigUpdates({}, as({ ...OPS, expiresAt: j.clock.now() + 60_000 }));
  stream.on("data", () => {});
  const ended = refusal(new Promise((_resolve, reject) => stream.on("error", reject)));
  await new Promise((resolve) => stream.on("metadata", resolve));
  j.clock.advance(66_000);
  assert.is((await ended).code, status.UNAUTHENTICATED);
}));

test("the head of the stream comes before the first update", withJournal("embedded", async (j) => {
  const stream = j.boot.SubscribeConfigUpdates({}, as(OPS));
  stream.on("error", () => {});
  stream.on("data", () => {});
  const metadata = await new Promise<import("@grpc/grpc-js").Metadata>((resolve) => stream.on("metadata", resolve));
  assert.equal(metadata.get("pact-time"), ["2026-01-01T00:00:00.000Z"]);
  stream.cancel();
}));

test("closing the journal ends the streams", withJournal("embedded", async (j) => {
  const stream = j.boot.SubscribeConfigUpdates({}, as(OPS));
  const ended = refusal(all(stream));
  await until(async () => (await (await fetch(`${j.handle.http}/metrics`)).text()).includes("boot_streams_active 1"), "an open stream");
  await j.stop();
  assert.is((await ended).code, status.UNAVAILABLE);
}));

test("an update holds the JSON of the whole entry, all keys present", withJournal("embedded", async (j) => {
  await j.node("node-001");
  await j.append(ADMIN, { entry_type: "ENTRY_TYPE_COMMIT", scope: { global: true } });
  await j.append(OPS, {
    entry_type: "ENTRY_TYPE_COMMIT", scope: { node_id: "node-001" }, parent: 0, policy_ref: "why", ttl: { seconds: 900 },
    state_delta: {
      mounts: [{ path: "/m", action: "DELTA_ACTION_ADD", declared: { fs_type: "nfs", source: "s:/x", options: "ro" } }],
      kernel: [{ key: "a.b", declared_value: "1", actual_value: "0" }],
      gpu: [{ gpu_index: 3, action: "DELTA_ACTION_REMOVE" }],
    },
  });
  const stream = j.boot.SubscribeConfigUpdates({}, as(ADMIN));
  const got: unknown[] = [];
  stream.on("error", () => {});
  stream.on("data", ({ update, vcluster_change }) => got.push([update, JSON.parse(vcluster_change.toString("utf8"))]));
  await until(() => got.length === 2, "two updates");
  stream.cancel();
  const empty = { mounts: [], files: [], network: [], services: [], kernel: [], packages: [], gpu: [] };
  assert.equal(got, [
    ["vcluster_change", {
      sequence: 0, timestamp: "2026-01-01T00:00:00.000Z", entry_type: "Commit", scope: "Global",
      author: { principal: "admin", principal_type: "Human", role: "pact-platform-admin" },
      parent: null, state_delta: null, policy_ref: null, ttl_seconds: null, emergency_reason: null,
    }],
    ["vcluster_change", {
      sequence: 1, timestamp: "2026-01-01T00:00:00.000Z", entry_type: "Commit", scope: { Node: "node-001" },
      author: { principal: "ops", principal_type: "Human", role: "pact-ops-ml-training" },
      parent: 0, policy_ref: "why", ttl_seconds: 900, emergency_reason: null,
      state_delta: {
        ...empty,
        mounts: [{ action: "Add", key: "/m", value: "nfs:s:/x (ro)", previous: null }],
        kernel: [{ action: "Modify", key: "a.b", value: "1", previous: "0" }],
        gpu: [{ action: "Remove", key: "3", value: null, previous: null }],
      },
    }],
  ]);
}));

test("the overlay checksum is the contract's, for each of its vectors", () => {
  const vectors: [Uint8Array, string][] = [
    [Uint8Array.of(), "bd60acb658c79e45"],
    [Uint8Array.of(1, 2, 3), "7038a6268d64a5c1"],
    [Uint8Array.of(1, 2, 3, 4), "7229c8d86d1c632f"],
    [Buffer.from("pact"), "5636b96af00936c0"],
    [Buffer.from("{}"), "557a7b12513fca99"],
    [new Uint8Array(100), "5c407b87601fcf66"],
  ];
  for (const [bytes, sum] of vectors) assert.is(overlayChecksum(bytes), sum);
});

/** Reads a frame of stored blocks by the format's description; throws on anything else. */
function unframe(frame: Buffer): Buffer {
  assert.is(frame.readUInt32LE(0), 0xfd2fb528);
  assert.is(frame.readUInt8(4), 0xa0);
  const parts: Buffer[] = [];
  let at = 9;
  for (let last = false; !last; ) {
    const head = frame.readUIntLE(at, 3);
    last = (head & 1) === 1;
    assert.is((head >> 1) & 3, 0);
    assert.ok(head >> 3 <= 128 * 1024);
    parts.push(frame.subarray(at + 3, at + 3 + (head >> 3)));
    at += 3 + (head >> 3);
  }
  assert.is(at, frame.length);
  const content = Buffer.concat(parts);
  assert.is(frame.readUInt32LE(5), content.length);
  return content;
}

test("frames are valid zstd at every edge of a block", () => {
  const decoder = spawnSync("zstd", ["--version"]).error === undefined;
  for (const size of [0, 1, 255, 256, 65_535, 131_072, 131_073, 400_000]) {
    const content = Buffer.alloc(size, "pact");
    const frame = zstdFrame(content);
    assert.ok(unframe(frame).equals(content), `${size} bytes`);
    if (decoder) assert.ok(spawnSync("zstd", ["-d", "-c"], { input: frame, maxBuffer: 1 << 20 }).stdout.equals(content), `${size} bytes, by zstd`);
  }
});

test("overlay, node delta and completion come in order, and nothing but completion when the version is known", withJournal("embedded", async (j) => {
  await j.node("node-001");
  const boot = (more = {}) => all(j.boot.StreamBootConfig({ node_id: "node-001", vcluster_id: "ml-training", ...more }, as(OPS)));
  assert.is((await refusal(boot())).code, status.NOT_FOUND);
  const many = Array.from({ length: 3000 }, (_, n) => ({ key: `key.${n}`, declared_value: "v".repeat(20) }));
  await j.append(OPS, { ...COMMIT, state_delta: { kernel: many } });
  const version = await j.append(OPS, { ...COMMIT, state_delta: KERNEL("key.0", "new") });
  await j.append(OPS, { ...COMMIT, scope: { node_id: "node-001" }, state_delta: KERNEL("own", "1") });
  const chunks = await boot();
  const slices = chunks.flatMap(({ base_overlay }) => base_overlay ?? []);
  assert.equal(slices.map(({ chunk_index }) => chunk_index), slices.map((_, n) => n));
  assert.ok(slices.length > 1 && slices.every(({ data, total_chunks }) => data.length <= 65_536 && total_chunks === slices.length));
  const data = unframe(Buffer.concat(slices.map(({ data }) => data)));
  assert.ok(slices.every(({ checksum }) => checksum === overlayChecksum(data)));
  const kernel = JSON.parse(data.toString("utf8")).kernel;
  assert.is(kernel.length, 3000);
  assert.equal(kernel[0], { action: "Modify", key: "key.0", value: "new", previous: null });
  const delta = chunks.at(-2)?.node_delta;
  assert.is(delta?.checksum, overlayChecksum(delta?.data ?? Buffer.alloc(0)));
  assert.equal(JSON.parse(String(delta?.data)).map(({ sequence }: { sequence: number }) => sequence), [version + 1]);
  const complete = chunks.at(-1)?.complete;
  assert.equal([complete?.base_version, complete?.node_version], [String(version), String(version)]);
  const known = await boot({ last_known_version: version });
  assert.equal(known.map(({ complete }) => [complete?.base_version, complete?.node_version]), [[String(version), "0"]]);
  const overlay = await call(j, "config", "GetOverlay", { vcluster_id: "ml-training" }, as(OPS));
  assert.ok(overlay.data.equals(data));
  assert.is(overlay.checksum, overlayChecksum(data));
}));

test("a rollback without a delta declares what was declared at its target, also after another rollback", withJournal("embedded", async (j) => {
  const kernel = async () => {
    const { data } = await call(j, "config", "GetOverlay", { vcluster_id: "ml-training" }, as(OPS));
    return JSON.parse(data.toString("utf8")).kernel.map(({ key, value }: { key: string; value: string }) => `${key}=${value}`);
  };
  await j.append(OPS, { ...COMMIT, state_delta: KERNEL("a", "1") });
  await j.append(OPS, { ...COMMIT, state_delta: { kernel: [{ key: "a", declared_value: "2" }, { key: "b", declared_value: "1" }] } });
  assert.equal(await kernel(), ["a=2", "b=1"]);
  await j.append(OPS, { entry_type: "ENTRY_TYPE_ROLLBACK", scope: VC, parent: 0 });
  assert.equal(await kernel(), ["a=1"]);
  await j.append(OPS, { entry_type: "ENTRY_TYPE_ROLLBACK", scope: VC, parent: 1 });
  assert.equal(await kernel(), ["a=2", "b=1"]);
}));

test.run();
