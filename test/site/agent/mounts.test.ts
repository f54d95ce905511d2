// Mounts: how claims and the kernel's list are read, and drift of what a virtual node claims,
// noticed within a second, committed like files, and unharmed by what a node may put there.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { claimsOf, mountOf, mountsOf } from "../../../src/site/agent/mounts.ts";
import { definitionsOf } from "../../../src/site/agent/service-file.ts";
import { HOST, NODE, nodeState, openBench, until, type Bench } from "./support/agents.ts";

let bench: Bench;
test.before(async () => { bench = await openBench({ nodes: ["virtual", "host"] }); });
test.after(async () => { await bench.close(); });

const file = (path: string): string => join(bench.dir, "nodes", NODE, "root", path);
const claim = (text: string): void => writeFileSync(file("run/pact/mounts.toml"), text);
const told = () => bench.journal.entries.filter((entry) => entry.entry_type === "ENTRY_TYPE_DRIFT_DETECTED" && entry.scope?.node_id === NODE);
const drift = async (applied?: string) => (await nodeState(bench, { drift: true, ...(applied === undefined ? {} : { applied }) })).drift;
const mounts = async () => (await drift())?.delta?.mounts ?? [];
const commit = (state_delta: unknown): string => bench.journal.add({ entry_type: "ENTRY_TYPE_COMMIT", scope: { node_id: NODE }, state_delta: state_delta as never });

test("a claim keeps all its fields; both ways to say read-only are one", () => {
  const claims = claimsOf('[mounts]\n"/scratch" = { type = "lustre", source = "mgs@o2ib:/scratch", options = "flock,noatime" }\n"/sw" = { type = "nfs4", source = "srv:/sw", read_only = true }\n');
  assert.equal([...claims], [
    ["/scratch", { fs_type: "lustre", source: "mgs@o2ib:/scratch", options: "flock,noatime", read_only: false }],
    ["/sw", { fs_type: "nfs4", source: "srv:/sw", options: "ro", read_only: true }],
  ]);
  assert.equal(mountOf("nfs", "a:/b", "hard,ro", false), mountOf("nfs", "a:/b", "rw,hard", true));
  assert.equal([...claimsOf("# nothing\n")], []);
});

for (const [what, text, says] of [
  ["no TOML", "mounts", /^line 1: /],
  ["a relative path", '[mounts]\nx = { type = "nfs", source = "a:/b" }', /"x" is not an absolute path/],
  ["a path with ..", '[mounts]\n"/a/../b" = { type = "nfs", source = "a:/b" }', /shortest form/],
  ["no type", '[mounts]\n"/a" = { source = "a:/b" }', /\/a: type/],
  ["a type that would break the written form", '[mounts]\n"/a" = { type = "n:fs", source = "a:/b" }', /\/a: type/],
  ["options with brackets", '[mounts]\n"/a" = { type = "nfs", source = "a:/b", options = "x)(y" }', /options/],
  ["a control character", '[mounts]\n"/a" = { type = "nfs", source = "a\\u001b[31m" }', /source/],
  ["an unknown key", '[mounts]\n"/a" = { type = "nfs", source = "a:/b", sauce = 1 }', /"sauce" is not known/],
  ["an unknown table", "[mount]\n", /"mount" is not known/],
  ["more mounts than anybody has", `[mounts]\n${Array.from({ length: 1001 }, (_, n) => `"/m${n}" = {}`).join("\n")}`, /more than 1000/],
  ["deep nesting", `a = ${"[".repeat(30_000)}`, /nested/],
] as const) {
  test(`claims with ${what} are refused with a reason`, () => {
    assert.throws(() => claimsOf(text), (error: Error) => says.test(error.message) && error.message.length < 300);
  });
}

test("whatever bytes are claimed, they are understood or refused in one line", () => {
  const words = ["[mounts]", "mounts", "\n", " = ", "{", "}", '"/a"', "type", "source", '"nfs"', ",", "[", "]", "1e999", "\"", "\u0000", "__proto__", "2020-01-01", "true"];
  fc.assert(fc.property(fc.oneof(fc.array(fc.constantFrom(...words), { maxLength: 40 }).map((parts) => parts.join("")), fc.string({ unit: "binary" })), (text) => {
    for (const read of [claimsOf, definitionsOf]) {
      try {
        read(text);
      } catch (error) {
        assert.instance(error, Error);
        assert.not.match((error as Error).message, /\n/);
      }
    }
  }), { numRuns: 2000 });
});

test("of the kernel's list only storage counts, the last mount of a place, with blanks and read-only right", () => {
  const found = mountsOf([
    "22 27 0:21 / /proc rw,relatime - proc proc rw",
    "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard",
    "40 27 0:50 / /mnt/my\\040disk ro,nosuid shared:7 - xfs /dev/vdb rw,attr2",
    "41 27 0:51 / /mnt/hidden rw - nfs4 srv:/a rw,vers=4.2",
    "42 27 0:52 / /mnt/hidden rw - tmpfs tmpfs rw",
    "43 27 0:53 / /data rw - ext4 /dev/vdc rw",
    "44 27 0:54 / /data rw - xfs /dev/vdd rw",
    "nonsense", "",
  ].join("\n"));
  assert.equal([...found], [
    ["/", { fs_type: "ext4", source: "/dev/vda", options: "relatime,discard", read_only: false }],
    ["/mnt/my disk", { fs_type: "xfs", source: "/dev/vdb", options: "ro,nosuid,attr2", read_only: true }],
    ["/data", { fs_type: "xfs", source: "/dev/vdd", options: "", read_only: false }],
  ]);
});

test("a new claim is drift within a second, with every field of it, and counts in state", async () => {
  assert.equal(await mounts(), []);
  assert.equal((await nodeState(bench, { drift: true }, HOST)).drift?.delta?.mounts, [], "the machine starts without drift");
  const start = performance.now();
  claim('[mounts]\n"/scratch" = { type = "lustre", source = "mgs@o2ib:/scratch", options = "flock", read_only = true }\n"/home" = { type = "nfs", source = "srv:/home" }\n');
  await until("the entry", () => told().at(-1)?.policy_ref === "drift:2", 3000);
  assert.ok(performance.now() - start < 1500, "within a second, or one after the report before");
  assert.equal(told().at(-1)?.state_delta?.mounts.map(({ path, action, declared, actual }) => ({ path, action, declared, actual })), [
    { path: "/home", action: "DELTA_ACTION_ADD", declared: undefined, actual: { fs_type: "nfs", source: "srv:/home", options: "", read_only: false } },
    { path: "/scratch", action: "DELTA_ACTION_ADD", declared: undefined, actual: { fs_type: "lustre", source: "mgs@o2ib:/scratch", options: "ro,flock", read_only: true } },
  ]);
  assert.is((await drift())?.magnitude, 2);
});

test("a commit absorbs it; a changed and a missing claim are drift again, after a restart too", async () => {
  assert.is((await drift(commit((await drift())?.delta)))?.count, 0);
  await until("the entry", () => told().at(-1)?.policy_ref === "drift:none");
  claim('[mounts]\n"/scratch" = { type = "lustre", source = "mgs@o2ib:/scratch", options = "flock" }\n');
  await until("the entry", () => told().at(-1)?.policy_ref === "drift:2");
  await bench.restart();
  const seen = await mounts();
  assert.equal(seen.map(({ path, action }) => [path, action]), [["/home", "DELTA_ACTION_REMOVE"], ["/scratch", "DELTA_ACTION_MODIFY"]]);
  assert.equal([seen[1]?.declared?.read_only, seen[1]?.actual?.read_only], [true, false]);
  // A client that knows one flag for both sides says it wrong here.
  const delta = (await drift())?.delta;
  const told1 = { ...delta, mounts: delta?.mounts.map((one) => (one.actual == null ? one : { ...one, actual: { ...one.actual, read_only: true } })) };
  assert.is((await drift(commit(told1)))?.count, 0);
});

test("what was committed through a stock journal, which drops both sides, is what is there", async () => {
  claim('[mounts]\n"/other" = { type = "nfs", source = "srv:/o" }\n');
  await until("both", async () => (await mounts()).length === 2);
  assert.is((await drift(commit({ files: [], kernel: [], network: [], services: [], packages: [], gpu: [], mounts: [
    { path: "/other", action: "DELTA_ACTION_ADD" }, { path: "/scratch", action: "DELTA_ACTION_REMOVE" },
  ] })))?.count, 0);
});

const claims = (): string => file("run/pact/mounts.toml");
for (const [what, put, says] of [
  ["nonsense", () => claim("mounts = = 1"), /^line 1: /],
  ["more than 64 KiB", () => claim(`#${"x".repeat(65_536)}`), /larger than 65536 bytes/],
  ["bytes that are no text", () => writeFileSync(claims(), Buffer.from([0xff, 0xfe, 0x00])), /not UTF-8/],
  ["a link out of the node", () => { rmSync(claims()); symlinkSync("/etc/hostname", claims()); }, /links are not followed/],
  ["a pipe", () => { rmSync(claims()); execFileSync("mkfifo", [claims()]); }, /not a plain file/],
  ["a folder", () => { rmSync(claims()); mkdirSync(claims()); }, /not a plain file/],
] as const) {
  test(`claims that are ${what} are one difference that says why`, async () => {
    put();
    const seen = await drift();
    assert.equal(seen?.delta?.mounts.map(({ path, action, actual }) => [path, action, actual?.fs_type]), [["/run/pact/mounts.toml", "DELTA_ACTION_MODIFY", "unreadable"]]);
    assert.match(seen?.delta?.mounts[0]?.actual?.source ?? "", says);
    assert.is(seen?.count, 1);
    rmSync(claims(), { recursive: true });
    claim('[mounts]\n"/other" = { type = "nfs", source = "srv:/o" }\n');
    assert.is((await drift())?.count, 0);
  });
}

test("claims that cannot be understood are told once, and no commit makes them right", async () => {
  await until("the last word", () => told().at(-1)?.policy_ref === "drift:none");
  const before = told().length;
  claim("mounts = = 1");
  await until("the entry", () => told().length > before);
  for (let n = 0; n < 3; n++) await drift();
  assert.is(told().length, before + 1);
  assert.is((await drift(commit(told().at(-1)?.state_delta)))?.count, 1);
  await until("told again, since the journal thinks it gone", () => told().length === before + 2);
  claim('[mounts]\n"/other" = { type = "nfs", source = "srv:/o" }\n');
  await until("gone", () => told().at(-1)?.policy_ref === "drift:none");
});

test("a link in place of the folder is not followed either", async () => {
  const outside = join(bench.dir, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "mounts.toml"), '[mounts]\n"/evil" = { type = "nfs", source = "srv:/evil" }\n');
  renameSync(file("run/pact"), file("run/kept"));
  symlinkSync(outside, file("run/pact"));
  await until("it is said", async () => (await mounts())[0]?.actual?.fs_type === "unreadable");
  assert.not((await mounts()).some(({ path }) => path === "/evil"));
  rmSync(file("run/pact"));
  renameSync(file("run/kept"), file("run/pact"));
  await until("all is well", async () => (await drift())?.count === 0);
  assert.ok(existsSync(claims()));
});

test.run();
