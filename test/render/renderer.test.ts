import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Chunk, type Format, type Result, type View, PactError, live, output, record, rows } from "../../src/api/index.ts";
import { render } from "../../src/render/renderer.ts";
import { PLAIN } from "../../src/render/theme.ts";
import { memorySink } from "../support/sink.ts";

interface Row {
  readonly nodeId: string;
  readonly memoryBytes: number;
  readonly lastSeen: Date | null;
  readonly note?: string;
}
const view: View<Row> = {
  columns: [{ key: "nodeId", title: "node" }, { key: "memoryBytes", as: "bytes", title: "memory" }, { key: "lastSeen", as: "age", title: "seen" }, { key: "note" }],
  empty: "No nodes.",
};
const NOW = new Date("2026-11-23T07:00:00Z");
const all: Row[] = [
  { nodeId: "node-001", memoryBytes: 8 * 1024 ** 3, lastSeen: new Date("2026-11-23T06:57:00Z"), note: "fine" },
  { nodeId: "node-002", memoryBytes: 512, lastSeen: null },
];

async function show(result: Result, format: Format, options: { width?: number; fields?: string[] } = {}) {
  const out = memorySink(options.width);
  const err = memorySink();
  const rendered = await render(result, {
    format, fields: options.fields, now: () => NOW, theme: PLAIN, errTheme: PLAIN, verbose: 0, quiet: false, out, err,
  });
  return { out: out.text(), err: err.text(), ...rendered };
}

async function* chunks(...list: Chunk[]): AsyncGenerator<Chunk> {
  yield* list;
}

test("a table has a header, aligned columns and no cut outside a terminal", async () => {
  const { out } = await show(rows(view, all), "text");
  assert.is(out, "NODE       MEMORY  SEEN  NOTE\nnode-001  8.0 GiB  3m    fine\nnode-002    512 B  -     -\n");
});

test("an empty list says so on stderr and is [] in JSON", async () => {
  const text = await show(rows(view, []), "text");
  assert.is(text.out, "");
  assert.is(text.err, "No nodes.\n");
  assert.is((await show(rows(view, []), "json")).out, "[]\n");
});

test("JSON keys are snake_case, times RFC 3339, absent is null", async () => {
  const { out } = await show(rows(view, all), "json");
  assert.equal(JSON.parse(out), [
    { node_id: "node-001", memory_bytes: 8589934592, last_seen: "2026-11-23T06:57:00.000Z", note: "fine" },
    { node_id: "node-002", memory_bytes: 512, last_seen: null },
  ]);
});

test("one row is an array of one", async () => {
  assert.is(JSON.parse((await show(rows(view, all.slice(0, 1)), "json")).out).length, 1);
});

test("ndjson, csv, yaml and name", async () => {
  assert.is((await show(rows(view, all), "name")).out, "node-001\nnode-002\n");
  assert.is((await show(rows(view, all), "ndjson")).out.trim().split("\n").length, 2);
  assert.match((await show(rows(view, all), "csv")).out, /^node_id,memory_bytes,last_seen,note\nnode-001,8589934592,/);
  assert.match((await show(rows(view, all), "yaml")).out, "- node_id: node-001");
});

test("fields are chosen and ordered; an unknown one lists what exists", async () => {
  assert.is((await show(rows(view, all), "text", { fields: ["memory_bytes", "node_id"] })).out.split("\n")[0], " MEMORY  NODE");
  assert.equal(JSON.parse((await show(rows(view, all.slice(0, 1)), "json", { fields: ["node_id"] })).out), [{ node_id: "node-001" }]);
  try {
    await show(rows(view, all), "json", { fields: ["nope"] });
    assert.unreachable();
  } catch (error) {
    assert.ok(error instanceof PactError);
    assert.is(error.failure, "usage");
    assert.match(error.about.hint ?? "", "node_id,memory_bytes");
  }
});

test("a narrow terminal cuts wide cells but never the first column", async () => {
  const wide: Row[] = [{ nodeId: "node-001", memoryBytes: 1, lastSeen: null, note: "x".repeat(200) }];
  const { out } = await show(rows(view, wide), "text", { width: 40 });
  for (const line of out.trim().split("\n")) assert.ok([...line].length <= 40, line);
  assert.match(out, "node-001");
  assert.match(out, "…");
});

test("a narrow terminal leaves out columns that say nothing, and only those", async () => {
  const quiet: View<{ node: string; state: string; by: string }> = {
    columns: [{ key: "node" }, { key: "by", title: "emergency", nothing: "-" }, { key: "state" }], empty: "None.",
  };
  const row = (by: string) => ({ node: "node-001", state: "committed", by });
  const shown = async (width: number, ...all: string[]) => (await show(rows(quiet, all.map(row)), "text", { width })).out.split("\n")[0];
  assert.is(await shown(80, "-", "-"), "NODE      EMERGENCY  STATE");
  assert.is(await shown(24, "-", "-"), "NODE      STATE");
  assert.is(await shown(29, "-", "ops"), "NODE      EMERGEN…  STATE");
});

test("a terminal too narrow for a row gets one field a line", async () => {
  const { out } = await show(rows(view, all), "text", { width: 20 });
  assert.match(out, /^node +node-001\nmemory +8.0 GiB/);
});

test("names with escape sequences are shown, not sent", async () => {
  const { out } = await show(rows(view, [{ nodeId: "a\u001b[2Jb\u202e", memoryBytes: 1, lastSeen: null }]), "text");
  assert.not.match(out, "\u001b");
  assert.match(out, "a\\e[2Jb\\u{202e}");
});

test("problems follow the rows on stderr and come back", async () => {
  const sequence = [all[0] as Row, new PactError("connection", "cannot connect to agent node-002", { node: "node-002", hint: "site status" })];
  const { err, problems, answered } = await show(rows(view, sequence), "text");
  assert.is(answered, 1);
  assert.is(problems.length, 1);
  assert.is(err, "error: cannot connect to agent node-002\n  try: site status\n");
  const json = await show(rows(view, sequence), "json");
  assert.equal(JSON.parse(json.err).error.class, "connection");
  assert.is(JSON.parse(json.err).error.node_id, "node-002");
});

test("live rows come one object a line in JSON", async () => {
  const { out } = await show(live(view, all), "json");
  assert.is(out.trim().split("\n").map((line) => JSON.parse(line)).length, 2);
});

test("a record is lines of key and value", async () => {
  const { out } = await show(record(view, all[0] as Row), "text");
  assert.match(out, /^node +node-001\n/);
});

test("remote bytes reach a pipe untouched and JSON in base64 when they are not text", async () => {
  const binary = Uint8Array.from([0, 255, 27, 91, 50, 74]);
  const run = () => output(chunks({ node: "n", stream: "stdout", bytes: binary }, { node: "n", exit: 0, signal: null, durationMs: 3 }));
  assert.equal((await show(run(), "text")).out, Buffer.from(binary).toString("latin1"));
  const [row] = JSON.parse((await show(run(), "json")).out);
  assert.is(row.encoding, "base64");
  assert.equal([...Buffer.from(row.stdout, "base64")], [...binary]);
});

test("on a terminal a remote program keeps its colours and loses the rest", async () => {
  const text = "\u001b[31mred\u001b[0m \u001b[2Jcleared \u001b]52;c;eA==\u0007";
  const { out } = await show(output(chunks({ node: "n", stream: "stdout", bytes: Buffer.from(text) }, { node: "n", exit: 0, signal: null, durationMs: 1 })), "text", { width: 80 });
  assert.match(out, "\u001b[31mred\u001b[0m");
  assert.not.match(out, "\u001b[2J");
  assert.not.match(out, "\u001b]52");
});

test("a remote status other than 0 is named on stderr and is a problem", async () => {
  const { err, problems } = await show(output(chunks({ node: "node-042", exit: 7, signal: null, durationMs: 1 })), "text");
  assert.is(err, "node-042: exit 7\n");
  assert.is(problems[0]?.failure, "remoteExit");
});

test("a failing node is a row in JSON, with its status", async () => {
  const refused = new PactError("notWhitelisted", "rm is not whitelisted on n", { node: "n" });
  const { out, problems } = await show(output(chunks({ node: "n", problem: refused, durationMs: 1 })), "json");
  assert.equal(JSON.parse(out)[0].status, "refused");
  assert.equal(problems, [refused]);
});

test("a column that wraps goes on below, words whole, and the line below a row is never cut or believed", async () => {
  interface Look { readonly check: string; readonly detail: string; readonly hint: string | null }
  const looks: View<Look> = { columns: [{ key: "check" }, { key: "detail", wrap: true }], empty: "", below: ({ hint }) => (hint === null ? null : `try: ${hint}`) };
  const found: Look[] = [
    { check: "agents", detail: "two of three do not answer at all", hint: "chmod 600 /a/path/that/is/long\u001b[2J\n" },
    { check: "token", detail: "/a/path/longer/than/the/column", hint: null },
  ];
  const { out } = await show(rows(looks, found), "text", { width: 24 });
  assert.equal(out.split("\n"), [
    "CHECK   DETAIL",
    "agents  two of three do",
    "        not answer at",
    "        all",
    "        try: chmod 600 /a/path/that/is/long\\e[2J\\n",
    "token   /a/path/longer/than/the/column",
    "",
  ]);
  assert.match((await show(rows(looks, found), "text")).out, "agents  two of three do not answer at all\n        try: chmod");
});

test.run();
