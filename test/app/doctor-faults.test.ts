// `pact doctor` of the built program against stock servers, and against what is dead or silent.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { startFaultProxy } from "../proxy/fault-proxy.ts";
import { LONGEST_MS, doctor, homeWith, wrong } from "../support/doctor.ts";
import { type TestSite, startTestSite } from "../support/site.ts";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));

let real: TestSite;
test.before(async () => {
  real = await startTestSite({ profile: "real", nodes: 1 });
});
test.after(async () => real.close());

test("a stock journal: names of it, no place to log in, addresses from cli.toml, and no failure", async () => {
  const run = await doctor(await real.env("admin"));
  assert.is(run.status, 0, run.stderr);
  assert.match(run.row("journal").detail, "stock journal");
  assert.is(run.row("discovery").status, "warn");
  assert.is(run.row("issuer").status, "skipped");
  assert.is(run.row("clock").status, "ok");
  assert.match(run.row("agents").detail, /^2 of 2 answer: .*address from \[agents\] in cli\.toml/);
});

test("an expired token: 2, how long ago is told by whom, and no secret is repeated", async () => {
  const token = await real.token("admin", 1);
  const [, body = "", signature = ""] = token.split(".");
  const old = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(body, "base64url").toString()), exp: 1_700_000_000 })).toString("base64url");
  const run = await doctor({ ...(await real.env()), PACT_TOKEN: token.replace(body, old) });
  assert.is(run.status, 2);
  assert.equal(wrong(run), ["discovery", "token"]);
  assert.match(run.row("token").detail, "the token from PACT_TOKEN has expired: it ended at 2023-11-14");
  assert.match(run.row("token").hint ?? "", "unset PACT_TOKEN; pact login");
  assert.not.match(run.stdout + run.stderr, signature);
  assert.is(run.row("journal").status, "skipped");
});

test("black holes everywhere: said, in time, and the journal's 5", async () => {
  const [journal, idp] = await Promise.all([startFaultProxy(real.file.journal.grpc, { kind: "black hole" }), startFaultProxy(real.file.journal.http, { kind: "black hole" })]);
  try {
    const began = performance.now();
    const run = await doctor({ ...homeWith(`[auth]\nidp_url = "${idp.url}/oidc"\n`), PACT_ENDPOINT: journal.url, PACT_TOKEN: await real.token("admin") });
    assert.ok(performance.now() - began < LONGEST_MS - 1_000, `${Math.round(performance.now() - began)} ms`);
    assert.is(run.status, 5, run.stderr);
    assert.equal(wrong(run), ["issuer", "journal"], run.stdout);
    assert.match(run.row("journal").detail, /no answer from the journal in 4\.0 s/);
    assert.match(run.row("agents").detail, "because the journal did not say");
  } finally {
    await Promise.all([journal.close(), idp.close()]);
  }
});

test("Ctrl-C ends it at once with 130 and a word", async () => {
  const hole = await startFaultProxy(real.file.journal.grpc, { kind: "black hole" });
  try {
    const child = spawn(process.execPath, [MAIN, "doctor"], { env: { ...homeWith(""), PACT_ENDPOINT: hole.url, PACT_TOKEN: await real.token("admin") }, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (part: string) => (text += part));
    const closed = once(child, "close");
    // It waits for the journal once it has connected.
    await hole.connected;
    const began = performance.now();
    child.kill("SIGINT");
    const [status] = await closed;
    assert.is(status, 130, text);
    assert.is(text, "interrupted\n");
    assert.ok(performance.now() - began < 1_500);
  } finally {
    await hole.close();
  }
});

test("a journal that has died: 5, and what is on this machine is told all the same", async () => {
  const env = await real.env("admin");
  await real.kill();
  try {
    const run = await doctor(env);
    assert.is(run.status, 5);
    assert.equal(wrong(run), ["endpoint"]);
    assert.match(run.row("site").detail, "tells of a site that does not run");
    assert.match(run.row("endpoint").detail, "connection refused; endpoint from PACT_ENDPOINT");
    assert.is(run.row("token").status, "ok");
  } finally {
    await real.restart();
  }
});

test.run();
