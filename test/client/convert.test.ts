import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DIMENSIONS, PactError, type DeltaItem, type NewEntry, type Scope } from "../../src/api/index.ts";
import { fromEntry, fromEntryType, fromScope, fromTimestamp, toEntry, toIdentity, toScope } from "../../src/client/convert.ts";
import { deltaFromJson, deltaFromWire, deltaToWire } from "../../src/client/delta.ts";
import { fromUint64 } from "../../src/client/range.ts";
import { entryFromJson } from "../../src/client/serde.ts";
import { serviceDefinition } from "../../src/contract/load.ts";
import { OPS } from "./support/client.ts";
import { entryJson } from "./support/servers.ts";

const { AppendEntry, GetEntry } = serviceDefinition("pact.journal.ConfigService");

/** Through the bytes of the wire and back, as a server would see it. */
const overTheWire = (entry: NewEntry, sequence = 7) => {
  const seen = AppendEntry.requestDeserialize(AppendEntry.requestSerialize({ entry: toEntry(entry, OPS) }));
  const kept = { ...seen.entry, sequence: String(sequence), timestamp: { seconds: "1795417200", nanos: 5_000_000 } };
  return fromEntry(GetEntry.responseDeserialize(GetEntry.responseSerialize(kept)));
};

/** Text that UTF-8 can carry. */
const words = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 });
const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null });
const action = fc.constantFrom("add", "remove", "modify");
const mount = fc.tuple(fc.constantFrom("nfs", "ext4", ""), words, fc.constantFrom("rw", "ro,nosuid", "")).map(([type, source, options]) => `${type}:${source} (${options})`);

/** Plain objects, so that they compare equal to ours. */
const plain = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(model, { noNullPrototype: true });

const item: fc.Arbitrary<DeltaItem> = fc.oneof(
  plain({ dimension: fc.constant("kernel"), key: words, action, declared: optional(words), actual: optional(words) }),
  plain({ dimension: fc.constant("services"), key: words, action, declared: optional(words), actual: optional(words) }),
  plain({ dimension: fc.constantFrom("network", "packages"), key: words, action, declared: optional(words), actual: fc.constant(null) }),
  plain({ dimension: fc.constant("gpu"), key: fc.nat().map(String), action, declared: optional(words), actual: fc.constant(null) }),
  plain({ dimension: fc.constant("files"), key: words, action, declared: optional(words), actual: optional(words), mode: fc.nat(0o7777), owner: words }),
  plain({ dimension: fc.constant("mounts"), key: words, action, declared: mount, actual: optional(mount), readOnly: fc.boolean() }),
) as fc.Arbitrary<DeltaItem>;

const scope: fc.Arbitrary<Scope> = fc.oneof(
  fc.constant<Scope>({ kind: "global" }),
  plain({ kind: fc.constantFrom("node", "vcluster"), name: words }) as fc.Arbitrary<Scope>,
);

const byDimension = (items: readonly DeltaItem[]): DeltaItem[] => DIMENSIONS.flatMap((dimension) => items.filter((one) => one.dimension === dimension));

test("a delta of all seven dimensions survives the wire", () => {
  fc.assert(fc.property(fc.array(item, { maxLength: 20 }), (delta) => {
    const back = overTheWire({ type: "COMMIT", scope: { kind: "global" }, message: "m", delta });
    assert.equal(back.delta, byDimension(delta));
  }));
});

test("an entry survives the wire, zeros and all", () => {
  const entry = fc.record({
    type: fc.constantFrom("COMMIT", "ROLLBACK", "EMERGENCY_ON", "EMERGENCY_OFF", "SERVICE_LIFECYCLE"),
    scope, message: fc.string({ unit: "grapheme" }), parent: fc.maxSafeNat(), ttlS: fc.nat(864_000),
  }, { requiredKeys: ["type", "scope", "message"], noNullPrototype: true }) as fc.Arbitrary<NewEntry>;
  fc.assert(fc.property(entry, fc.maxSafeNat(), (given, sequence) => {
    const back = overTheWire(given, sequence);
    assert.equal(
      [back.seq, back.type, back.scope, back.message, back.parent, back.ttlS, back.delta, back.author],
      [sequence, given.type, given.scope, given.message, given.parent ?? null, given.ttlS ?? null, null, OPS],
    );
    assert.is(back.time.toISOString(), "2026-11-23T07:00:00.005Z");
  }));
});

test("scopes survive, and every way to say global is global", () => {
  fc.assert(fc.property(scope, (given) => {
    const wire = AppendEntry.requestDeserialize(AppendEntry.requestSerialize({ entry: { scope: toScope(given) } })).entry?.scope ?? null;
    assert.equal(fromScope(wire), given);
  }));
  assert.equal(fromScope(null), { kind: "global" });
  assert.equal(fromScope({}), { kind: "global" });
  assert.equal(fromScope({ scope: "global", global: false }), { kind: "global" });
});

test("types are labels; types that the contract does not name go by number", () => {
  assert.is(fromEntryType("ENTRY_TYPE_EMERGENCY_START"), "EMERGENCY_ON");
  assert.is(fromEntryType("ENTRY_TYPE_EMERGENCY_END"), "EMERGENCY_OFF");
  assert.is(fromEntryType("ENTRY_TYPE_PENDING_APPROVAL"), "PENDING_APPROVAL");
  assert.is(fromEntryType(17), "TYPE_17");
  assert.is(fromEntryType("ENTRY_TYPE_UNSPECIFIED"), "TYPE_0");
  const wire = GetEntry.responseDeserialize(Buffer.from([0x18, 0x2a])); // entry_type = 42, as a newer server would send it
  assert.is(fromEntryType(wire.entry_type), "TYPE_42");
});

test("an unknown action is a modification", () => {
  const wire = GetEntry.responseDeserialize(Buffer.from([0x3a, 0x07, 0x2a, 0x05, 0x0a, 0x01, 0x6b, 0x10, 0x09]));
  assert.equal(wire.state_delta && deltaFromWire(wire.state_delta), [{ dimension: "kernel", key: "k", action: "modify", declared: null, actual: null }]);
});

const fails = (run: () => unknown, failure: string, why?: RegExp): void => {
  try {
    run();
  } catch (thrown) {
    if (!(thrown instanceof PactError)) throw thrown;
    assert.is(thrown.failure, failure);
    if (why !== undefined) assert.match(`${thrown.message} ${thrown.about.reason ?? ""}`, why);
    return;
  }
  assert.unreachable("it should have thrown");
};

test("numbers beyond what can be counted are remote failures", () => {
  assert.is(fromUint64("9007199254740991", "n"), Number.MAX_SAFE_INTEGER);
  for (const wrong of ["9007199254740992", "18446744073709551615", "-1", "", "1e3", "0x10", "abc", null, undefined, 1.5, -1, Number.NaN, {}]) {
    fails(() => fromUint64(wrong, "a sequence"), "remote", /a sequence is out of range/);
  }
});

test("times that cannot be are remote failures", () => {
  assert.is(fromTimestamp({ seconds: "-1", nanos: 999_000_000 }, "t").toISOString(), "1969-12-31T23:59:59.999Z");
  for (const wrong of [{ seconds: "9223372036854775807", nanos: 0 }, { seconds: "99999999999999", nanos: 0 }, { seconds: "0", nanos: -1 }, { seconds: "0", nanos: 1_000_000_000 }, { seconds: "x", nanos: 0 }]) {
    fails(() => fromTimestamp(wrong, "the time"), "remote", /the time is out of range/);
  }
  fails(() => fromTimestamp(null, "the time"), "remote", /missing/);
});

test("what would pass silently as zero is refused before it travels", () => {
  const send = (delta: readonly DeltaItem[]) => () => deltaToWire(delta);
  const base = { key: "k", action: "add", declared: null, actual: null } as const;
  fails(send([{ ...base, dimension: "gpu", key: "GPU-7" }]), "invalid", /index of a GPU/);
  fails(send([{ ...base, dimension: "files", mode: -1 }]), "invalid", /mode/);
  fails(send([{ ...base, dimension: "files", mode: 1.5 }]), "invalid", /mode/);
  fails(send([{ ...base, dimension: "mounts", declared: "/dev/sda1" }]), "invalid", /TYPE:SOURCE/);
  fails(send([{ ...base, dimension: "kernel", action: "explode" } as unknown as DeltaItem]), "invalid", /add, remove or modify/);
  fails(send([{ ...base, dimension: "fire" } as unknown as DeltaItem]), "invalid", /no dimension "fire"/);
  fails(() => toEntry({ type: "EXEC_LOG", scope: { kind: "global" }, message: "" } as unknown as NewEntry, OPS), "invalid", /EXEC_LOG/);
});

test("J3: an author needs a name and a role", () => {
  fails(() => toIdentity({ ...OPS, principal: "" }, "journal"), "forbidden", /no name/);
  fails(() => toIdentity({ ...OPS, role: "" }, "journal"), "forbidden", /no role/);
  assert.is(toIdentity({ ...OPS, type: "service" }, "journal").principal_type, "Service");
  assert.is(toIdentity({ ...OPS, type: "service" }, "policy").principal_type, "service");
});

test("an entry in the journal's JSON is the same entry", () => {
  const read = entryFromJson(entryJson(12, {
    entry_type: "EmergencyStart", scope: { Node: "node-001" }, parent: 3, ttl_seconds: 900, policy_ref: null, emergency_reason: "smoke",
    state_delta: {
      mounts: [{ action: "Add", key: "/scratch", value: "nfs:fs1:/scratch (rw)", previous: null }],
      files: [{ action: "Remove", key: "/etc/motd", value: "ab12", previous: "root" }],
      network: [], services: [], packages: [], gpu: [],
      kernel: [{ action: "Modify", key: "vm.nr_hugepages", value: "8", previous: "0" }],
    },
  }));
  assert.equal(read, {
    seq: 12, time: new Date("2026-11-23T07:00:12.000Z"), type: "EMERGENCY_ON", scope: { kind: "node", name: "node-001" },
    author: { principal: "ops", type: "human", role: "pact-ops-ml-training" }, message: "smoke", parent: 3, ttlS: 900,
    delta: [
      { dimension: "mounts", key: "/scratch", action: "add", declared: "nfs:fs1:/scratch (rw)", actual: null },
      { dimension: "files", key: "/etc/motd", action: "remove", declared: "ab12", actual: null, owner: "root" },
      { dimension: "kernel", key: "vm.nr_hugepages", action: "modify", declared: "8", actual: "0" },
    ],
  });
  assert.is(entryFromJson(entryJson(1, { entry_type: "CertRevoked", scope: "Global" })).type, "TYPE_21");
  assert.is(entryFromJson(entryJson(1, { entry_type: "Invented" })).type, "TYPE_0");
});

test("no JSON from a server does more than fail as remote", () => {
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map((text) => Buffer.from(text)),
    fc.record({ key: fc.constantFrom("sequence", "timestamp", "entry_type", "scope", "author", "parent", "state_delta", "policy_ref", "ttl_seconds"), value: fc.jsonValue() })
      .map(({ key, value }) => entryJson(1, { [key]: value })),
  );
  fc.assert(fc.property(hostile, (bytes) => {
    try {
      entryFromJson(bytes);
    } catch (thrown) {
      assert.instance(thrown, PactError);
      assert.is(thrown instanceof PactError && thrown.failure, "remote");
    }
  }), { numRuns: 2_000 });
  fails(() => deltaFromJson({ kernel: 7 }), "remote");
  fails(() => deltaFromJson({ kernel: [null] }), "remote");
  fails(() => deltaFromJson({ kernel: [{ key: "k", value: 7 }] }), "remote");
});

test("no bytes that decode do more than fail as remote", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    let wire;
    try {
      wire = GetEntry.responseDeserialize(Buffer.from(bytes));
    } catch {
      return; // gRPC reports these itself
    }
    try {
      fromEntry(wire);
    } catch (thrown) {
      assert.is(thrown instanceof PactError && thrown.failure, "remote");
    }
  }), { numRuns: 2_000 });
});

test.run();
