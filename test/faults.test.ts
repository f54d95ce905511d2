// What may go wrong between an operator and a site, provoked for real with the
// built program: the right exit code, a message that helps, nothing left behind.
import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { type Server, type Socket, createServer } from "node:net";
import { createServer as createHttp } from "node:http";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { tempFolder } from "./support/folder.ts";
import { type Ran, type TestSite, runPact, scrubbedEnv, startTestSite } from "./support/site.ts";

let site: TestSite;
test.before(async () => {
  site = await startTestSite();
});
test.after(async () => site.close());

/** A failure as operators should see it: code, first line, no stack, nothing on stdout. */
function refused(ran: Ran, status: number, first: RegExp): void {
  assert.is(ran.status, status, ran.stderr);
  assert.match(ran.stderr.split("\n").find((line) => line.startsWith("error:")) ?? ran.stderr, first);
  assert.not.match(ran.stderr, /\n\s+at |node:internal|\.ts:\d/);
  assert.is(ran.stdout, "");
}

/** A journal that is not one, on a free port. */
async function listening(server: Server): Promise<{ url: string; close: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () => new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    }),
  };
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const claims = (token: string): Record<string, unknown> => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());

test("without a token anywhere: 2, and what to do", async () => {
  const ran = await runPact(["status"], { ...scrubbedEnv(tempFolder()), PACT_ENDPOINT: site.file.journal.grpc });
  refused(ran, 2, /not logged in to/);
  assert.match(ran.stderr, "try: pact login");
});

test("an expired token: 2, before anything is sent", async () => {
  const [head, , signature] = (await site.token("ops")).split(".");
  const old = `${head}.${part({ ...claims(await site.token("ops")), exp: Math.floor(Date.now() / 1000) - 3600 })}.${signature}`;
  refused(await site.pact(["status"], { env: { PACT_TOKEN: old } }), 2, /expired/);
});

test("a token that is none: 2, and the token is not repeated", async () => {
  const ran = await site.pact(["status"], { env: { PACT_TOKEN: "s3cr3t-but-no-jwt" } });
  refused(ran, 2, /PACT_TOKEN is malformed/);
  assert.not.match(ran.stderr, "s3cr3t");
});

test("a token with the wrong audience, a forged role or no signature is refused by the server: 2", async () => {
  const good = await site.token("ops");
  const [head, body, signature] = good.split(".");
  const wrong = [
    `${head}.${part({ ...claims(good), aud: "somebody-else" })}.${signature}`,
    `${head}.${part({ ...claims(good), pact_role: "pact-platform-admin" })}.${signature}`,
    `${part({ alg: "none", typ: "at+jwt" })}.${body}.`,
  ];
  for (const token of wrong) {
    const ran = await site.pact(["status"], { env: { PACT_TOKEN: token } });
    refused(ran, 2, /token|logged in/i);
    assert.not.match(ran.stderr, signature ?? "");
  }
});

test("a role of another vCluster: 2 and the role that is needed", async () => {
  const ran = await site.pact(["commit", "-m", "x", "--vcluster", "dev-sandbox"], { user: "ops" });
  assert.is(ran.status, 2);
  assert.match(ran.stderr, "pact-ops-dev-sandbox or pact-platform-admin");
});

function cacheFile(home: string, content: string, mode: number): Record<string, string> {
  const url = new URL(site.file.journal.grpc);
  const hash = createHash("sha256").update(`${url.protocol}//${url.hostname}:${url.port}`).digest("hex").slice(0, 16);
  const dir = join(home, ".config/pact/auth");
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  chmodSync(join(home, ".config/pact"), 0o700);
  writeFileSync(join(dir, `tokens-${hash}.json`), content);
  chmodSync(join(dir, `tokens-${hash}.json`), mode);
  return { ...scrubbedEnv(home), PACT_ENDPOINT: site.file.journal.grpc };
}

test("a token cache that others may read is refused with the chmod that mends it: 2", async () => {
  const ran = await runPact(["status"], cacheFile(tempFolder(), "{}", 0o644));
  refused(ran, 2, /tokens-[0-9a-f]{16}\.json/);
  assert.match(ran.stderr, "chmod 600");
});

test("a corrupt token cache is refused whole: 2", async () => {
  refused(await runPact(["status"], cacheFile(tempFolder(), '{"access_token": "ey', 0o600)), 2, /cache|corrupt|tokens-/);
});

test("no journal at the address: 5 and how to get one", async () => {
  const ran = await site.pact(["status"], { user: "ops", env: { PACT_ENDPOINT: "http://127.0.0.1:9" } });
  refused(ran, 5, /cannot reach the journal at http:\/\/127\.0\.0\.1:9/);
  assert.match(ran.stderr, "try: pact site up");
});

test("a journal that hangs: 5 within the time given", async () => {
  const silent = await listening(createServer());
  try {
    const began = Date.now();
    const ran = await site.pact(["status", "--timeout", "1s"], { user: "ops", env: { PACT_ENDPOINT: silent.url } });
    refused(ran, 5, /did not answer|cannot reach/);
    assert.ok(Date.now() - began < 6_000, `took ${Date.now() - began} ms`);
  } finally {
    await silent.close();
  }
});

test("something else at the address says so", async () => {
  const web = await listening(createHttp((_, response) => response.end("<html>hello</html>")));
  const garbage = await listening(createServer((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n")));
  try {
    for (const { url } of [web, garbage]) {
      const ran = await site.pact(["status", "--timeout", "3s"], { user: "ops", env: { PACT_ENDPOINT: url } });
      refused(ran, 5, /journal/);
    }
  } finally {
    await web.close();
    await garbage.close();
  }
});

test("an agent that is down: the others answer, it is named, exit 1; --partial-ok says 0", async () => {
  await site.ask({ do: "node", name: "node-001", action: "stop" });
  try {
    const ran = await site.pact(["status", "--output", "json"]);
    assert.is(ran.status, 1);
    const rows: { node_id: string; reachable: boolean }[] = JSON.parse(ran.stdout);
    assert.equal(rows.map(({ reachable }) => reachable), rows.map(({ node_id }) => node_id !== "node-001"));
    assert.is(JSON.parse(ran.stderr).error.node_id, "node-001");
    assert.is((await site.pact(["status", "--partial-ok"])).status, 0);
    refused(await site.pact(["exec", "node-001", "--", "uname"]), 1, /node-001/);
  } finally {
    await site.ask({ do: "node", name: "node-001", action: "resume" });
  }
});

test("an agent that hangs is given up after --node-timeout: 1", async () => {
  await site.ask({ do: "node", name: "node-001", action: "freeze" });
  try {
    const began = Date.now();
    const ran = await site.pact(["status", "node-001", "--node-timeout", "1s"]);
    assert.is(ran.status, 1);
    assert.match(ran.stderr, "node-001");
    assert.ok(Date.now() - began < 6_000, `took ${Date.now() - began} ms`);
  } finally {
    await site.ask({ do: "node", name: "node-001", action: "resume" });
  }
});

test("a file that is no permission or no TOML names itself", async () => {
  const home = tempFolder();
  mkdirSync(join(home, ".config/pact"), { recursive: true });
  writeFileSync(join(home, ".config/pact/cli.toml"), "endpoint = \n");
  refused(await runPact(["status"], scrubbedEnv(home)), 1, /cli\.toml:1:\d+ is not TOML/);
});

test("10 MiB of output arrives whole, and binary output unchanged", async () => {
  const size = 8 * 1024 * 1024;
  const zeros = await site.pact(["exec", "node-001", "--", "head", "-c", String(size), "/dev/zero"], { user: "ops" });
  assert.is(zeros.status, 0, zeros.stderr);
  assert.is(zeros.stdout.length, size);
  const json = await site.pact(["exec", "node-001", "--output", "json", "--", "head", "-c", "64", "/dev/urandom"], { user: "ops" });
  const [row] = JSON.parse(json.stdout);
  assert.is(Buffer.from(row.stdout, row.encoding === "base64" ? "base64" : "utf8").length, 64);
});

test("output beyond the agent's limit is cut and said, never lost silently", async () => {
  const ran = await site.pact(["exec", "node-001", "--", "head", "-c", String(12 * 1024 * 1024), "/dev/zero"], { user: "ops" });
  assert.not.equal(ran.status, 0);
  assert.ok(ran.stdout.length <= 10 * 1024 * 1024 + 4096);
  assert.match(ran.stderr, /limit|cut|truncated/);
});

test("twenty one-shots at once on one site all answer", async () => {
  const runs = await Promise.all(Array.from({ length: 20 }, (_, n) =>
    site.pact(n % 2 === 0 ? ["status", "node-001", "--output", "name"] : ["exec", "node-001", "--", "cat", "/etc/hostname"], { user: "ops", deadlineMs: 60_000 })));
  assert.equal(runs.map(({ status, stdout }) => [status, stdout]), runs.map(() => [0, "node-001\n"]));
});

test("no run leaves a file of ours readable by others", () => {
  const auth = join(site.home, ".config/pact");
  const loose = readdirSync(site.home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && join(entry.parentPath, entry.name).startsWith(auth))
    .filter((entry) => /token/.test(entry.name) && readFileSync(join(entry.parentPath, entry.name)).length > 0);
  assert.equal(loose, []);
});

test.run();
