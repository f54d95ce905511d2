// Peers that are slow, gone, lying or not ours, and callers that lose patience.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttp } from "node:http";
import { createServer as createHttp2, createSecureServer, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { status } from "@grpc/grpc-js";
import { PactError } from "../../src/api/index.ts";
import { collect, failure, matches, never, testClient, until } from "./support/client.ts";
import { entry, refuse, startJournal, startTcp } from "./support/servers.ts";

const all = { last: 5 };

async function against(port: number, run: (client: ReturnType<typeof testClient>) => Promise<void>, more: Parameters<typeof testClient>[1] = {}, scheme = "http", host = "127.0.0.1"): Promise<void> {
  const client = testClient(`${scheme}://${host}:${port}`, more);
  try {
    await run(client);
  } finally {
    client.close();
  }
}

test("a peer that accepts and says nothing is a timeout within the limit", async () => {
  const hole = await startTcp(() => {});
  await against(hole.port, async ({ journal, enrollment }) => {
    const started = Date.now();
    const [one, two] = await Promise.all([failure(collect(journal.list(all, never())), "timeout"), failure(enrollment.list({}, never()), "timeout")]);
    assert.ok(Date.now() - started < 2_000);
    assert.match(one.message, /did not answer in 0.3 s/);
    matches(one.about.reason, /--endpoint/);
    matches(two.about.reason, /says nothing/);
  }, { timeoutMs: 300 });
  hole.close();
});

test("a journal that speaks HTTP/2 and never answers is a timeout too", async () => {
  const server = createHttp2();
  server.on("stream", (stream) => stream.on("error", () => {}));
  const port = await bound(server);
  await against(port, async ({ journal, enrollment }) => {
    await Promise.all([failure(collect(journal.list(all, never())), "timeout"), failure(enrollment.list({}, never()), "timeout")]);
  }, { timeoutMs: 300 });
  server.close();
});

test("an ordinary web server is said to be no journal", async () => {
  const server = createHttp((_, answer) => answer.end("hello"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await against(port, async ({ journal }) => {
    const error = await failure(collect(journal.list(all, never())), "unreachable");
    assert.is(error.message, `something that is not a pact journal answers at http://127.0.0.1:${port}`);
  });
  server.closeAllConnections();
  server.close();
});

test("another kind of server is said to be no journal", async () => {
  const ssh = await startTcp((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n"));
  await against(ssh.port, async ({ journal }) => {
    assert.match((await failure(collect(journal.list(all, never())), "unreachable")).message, /not a pact journal/);
  });
  ssh.close();
});

test("a web server that speaks HTTP/2 is said to be no journal, whatever it answers", async () => {
  for (const [code, type] of [[404, "text/plain"], [200, "text/html"], [200, "application/json"]] as const) {
    const server = createHttp2();
    server.on("stream", (stream) => {
      stream.on("error", () => {});
      stream.respond({ ":status": code, "content-type": type });
      stream.end("<html>this is not gRPC</html>");
    });
    const port = await bound(server);
    await against(port, async ({ journal, enrollment }) => {
      assert.match((await failure(collect(journal.list(all, never())), "unreachable")).message, /not a pact journal/);
      assert.match((await failure(enrollment.list({}, never()), "unreachable")).message, /not a pact journal/);
    });
    server.close();
  }
});

test("an answer that breaks off, or is no message, is no answer: the journal counts as unreachable, and is named", async () => {
  for (const bytes of [[0, 0, 0, 0, 3, 1, 2], [0, 0, 0, 0, 2, 0xff, 0xff], [7, 7, 7]]) {
    const server = createHttp2();
    server.on("stream", (stream) => {
      stream.on("error", () => {});
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      stream.end(Buffer.from(bytes));
    });
    const port = await bound(server);
    await against(port, async ({ enrollment }) => {
      assert.match((await failure(enrollment.list({}, never()), "unreachable")).message, /^the answer of the journal at http:\/\/127\.0\.0\.1:\d+ is not whole$/);
    });
    server.close();
  }
});

test("a connection that is reset is unreachable, for a call and within a stream", async () => {
  const early = await startTcp((socket) => socket.resetAndDestroy());
  await against(early.port, async ({ journal }) => {
    await failure(collect(journal.list(all, never())), "unreachable");
  });
  early.close();
  const server = createHttp2();
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    stream.session?.destroy();
  });
  const port = await bound(server);
  await against(port, async ({ journal }) => {
    await failure(collect(journal.list(all, never())), "unreachable");
  });
  server.close();
});

test("nobody there is unreachable at once; and a journal that comes up is reached by the next call", async () => {
  const first = await startJournal({ ours: true, entries: [entry(0)] });
  const { port } = first;
  first.close();
  await against(port, async ({ journal }) => {
    for (let turn = 0; turn < 3; turn += 1) {
      const error = await failure(collect(journal.list(all, never())), "unreachable");
      assert.is(error.message, `cannot reach the journal at http://127.0.0.1:${port}`);
      assert.is(error.about.hint, "pact site up");
    }
    const again = await startJournal({ ours: true, entries: [entry(0)] }, port);
    assert.is((await collect(journal.list(all, never()))).length, 1);
    again.close();
    await until(() => true, "closed");
  });
});

test("a proxy in the environment is not used for this machine, and is named when it does not lead to another", async () => {
  const before = process.env["http_proxy"];
  process.env["http_proxy"] = "http://127.0.0.1:1";
  const server = await startJournal({ ours: true, entries: [entry(0)] });
  try {
    for (const host of ["127.0.0.1", "localhost"]) {
      await against(server.port, async ({ journal }) => assert.is(await journal.head(never()), 0), {}, "http", host);
    }
    await against(9, async ({ journal }) => matches((await failure(journal.head(never()), "unreachable")).about.reason, /http_proxy/), {}, "http", "192.0.2.1");
  } finally {
    server.close();
    if (before === undefined) delete process.env["http_proxy"];
    else process.env["http_proxy"] = before;
  }
});

test("who listens is looked at once a connection", async () => {
  const server = await startJournal({ ours: true, entries: [entry(0)] });
  const { Link } = await import("../../src/client/channel.ts");
  const { head } = await import("../../src/client/history.ts");
  const { parseEndpoint } = await import("../../src/client/endpoint.ts");
  let looks = 0;
  let owner = 1000;
  const row = () => `0: 0100007F:${server.port.toString(16).toUpperCase().padStart(4, "0")} 0:0 0A 0:0 0:0 0 ${owner} 0 1`;
  const link = new Link({ kind: "journal", address: { value: server.url, from: "flag", where: "--endpoint" } }, parseEndpoint(server.url, "journal", "x"), {
    token: { token: async () => "t0ken", refresh: async () => undefined }, tls: {}, requestId: () => "r", debug: () => {}, noteClearText: () => {}, serverTime: () => {}, requireTls: false,
    machine: { platform: "linux", uid: 1000, resolve: async () => [], tables: async () => ((looks += 1), { tcp: row(), tcp6: "" }) },
  });
  const bounds = { signal: never(), limitMs: 2_000 };
  await Promise.all(Array.from({ length: 20 }, () => head(link, bounds)));
  await head(link, bounds);
  assert.is(looks, 1);
  // Somebody else takes the port over: the next connection is looked at anew, and gets no token.
  server.close();
  const stranger = await startJournal({ ours: true, entries: [entry(0)] }, server.port);
  owner = 1001;
  await until(() => stranger.port === server.port, "taken over");
  assert.match((await failure(retried(() => head(link, bounds)), "unauthenticated")).message, /someone else listens/);
  assert.is(stranger.asked.length, 0);
  link.close();
  stranger.close();
});

/** Once more when the old connection's end was noticed only by the call. */
const retried = async <T>(run: () => Promise<T>): Promise<T> => run().catch((thrown: unknown) => {
  if (thrown instanceof PactError && thrown.failure === "unreachable") return run();
  throw thrown;
});

test("an unknown host is unreachable", async () => {
  await against(9, async ({ journal }) => {
    matches((await failure(collect(journal.list(all, never())), "unreachable")).about.reason, /host name is not known/);
  }, {}, "http", "no-such-host.invalid");
});

test("an aborted call is interrupted, and cancelled at the server", async () => {
  const server = await startJournal({ ours: true, entries: [], append: () => "hang", subscribe: () => {} });
  await against(server.port, async ({ journal }) => {
    const controller = new AbortController();
    const call = failure(journal.append({ type: "COMMIT", scope: { kind: "global" }, message: "m" }, { vcluster: "x" }, controller.signal), "interrupted");
    await until(() => server.count("AppendEntry") === 1, "the append arrived");
    controller.abort();
    assert.match((await call).message, /not known/);
    await failure(collect(journal.list(all, AbortSignal.abort())), "interrupted");
    await failure(journal.head(AbortSignal.abort()), "interrupted");
  });
  server.close();
});

test("a stream that is left is cancelled at the server", async () => {
  const server = await startJournal({ ours: true, entries: Array.from({ length: 50_000 }, (_, at) => entry(at)) });
  await against(server.port, async ({ journal }) => {
    for await (const one of journal.list({}, never())) if (one.seq === 10) break;
    await until(() => server.cancelled === 1, "cancelled");
  });
  server.close();
});

test("a slow reader holds a fast server back", async () => {
  const filler = "x".repeat(10_000);
  const server = await startJournal({ ours: true, entries: Array.from({ length: 20_000 }, (_, at) => entry(at, { policy_ref: filler })) });
  await against(server.port, async ({ journal }) => {
    const entries = journal.list({}, never())[Symbol.asyncIterator]();
    for (let taken = 0; taken < 50; taken += 1) await entries.next();
    // Let the server write what it can; then it must stand still far from the end (200 MB).
    let before = -1;
    while (before !== server.streamed) {
      before = server.streamed;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.ok(before < 2_000, `${before} entries of 10 kB written ahead`);
    // A reader slower than the time limit is not a silent server.
    await new Promise((resolve) => setTimeout(resolve, 400));
    assert.is((await entries.next()).done, false);
    await entries.return?.();
  }, { timeoutMs: 300 });
  server.close();
});

test("a token is refreshed once when it is rejected, for calls and for streams", async () => {
  for (const refreshed of ["fresh", "stale-too"]) {
    const server = await startJournal({
      ours: true, entries: [entry(0)], nodes: [],
      guard: (authorization) => (authorization === "Bearer fresh" ? undefined : refuse(status.UNAUTHENTICATED, "invalid token: expired")),
    });
    let rejected: string[] = [];
    const token = { token: async () => "stale", refresh: async (old: string) => (rejected.push(old), refreshed) };
    await against(server.port, async ({ journal, policy }) => {
      if (refreshed === "fresh") {
        assert.is((await collect(journal.list(all, never()))).length, 1);
        assert.is((await policy.evaluate("commit", { kind: "global" }, never())).allowed, true);
        assert.equal(rejected, ["stale", "stale"]);
      } else {
        const error = await failure(collect(journal.list(all, never())), "unauthenticated");
        assert.is(error.about.hint, "pact login");
        assert.is(server.count("ListEntries"), 2);
        rejected = [];
        await failure(policy.evaluate("commit", { kind: "global" }, never()), "unauthenticated");
        assert.is(server.count("Evaluate"), 2);
      }
    }, { token });
    server.close();
  }
});

test("no token, and one that cannot travel, go nowhere and are not repeated in messages", async () => {
  const server = await startJournal({ ours: true, entries: [] });
  for (const text of ["", "two words", "line\nbreak", "s3cr\u00e9t"]) {
    await against(server.port, async ({ journal }) => {
      const error = await failure(journal.head(never()), "unauthenticated");
      if (text !== "") assert.not.match(JSON.stringify([error.message, error.about]), new RegExp(text));
    }, { token: { token: async () => text, refresh: async () => undefined } });
  }
  assert.is(server.asked.length, 0);
  server.close();
});

test("TLS: trusted, untrusted, against clear text, and clear text against TLS", async () => {
  const dir = mkdtempSync(join(tmpdir(), "pact-tls-"));
  const file = (name: string): string => join(dir, name);
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", file("key"), "-out", file("cert"), "-days", "2", "-subj", "/CN=localhost",
    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.2"], { stdio: "ignore" });
  const secure = createSecureServer({ key: readFileSync(file("key")), cert: readFileSync(file("cert")) });
  secure.on("sessionError", () => {});
  secure.on("stream", (stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end();
  });
  const port = await bound(secure);
  const trusting = { tls: { caFile: file("cert") } };
  await against(port, async ({ journal }) => assert.equal(await collect(journal.list(all, never())), []), trusting, "https", "localhost");
  await against(port, async ({ journal }) => {
    const error = await failure(collect(journal.list(all, never())), "unreachable");
    matches(error.about.reason, /signed by nobody we trust/);
    matches(error.about.hint, /ca_file/);
  }, {}, "https", "localhost");
  await against(port, async ({ journal }) => matches((await failure(collect(journal.list(all, never())), "unreachable")).about.reason, /another host/), trusting, "https");
  await against(port, async ({ journal }) => matches((await failure(collect(journal.list(all, never())), "unreachable")).about.reason, /may want https/));
  secure.close();
  const other = createSecureServer({ key: readFileSync(file("key")), cert: readFileSync(file("cert")) });
  other.on("stream", (stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end();
  });
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.2", resolve));
  const otherPort = (other.address() as AddressInfo).port;
  await against(otherPort, async ({ journal }) => assert.equal(await collect(journal.list(all, never())), []), trusting, "https", "127.0.0.2");
  other.close();
  const clear = await startJournal({ ours: true, entries: [] });
  await against(clear.port, async ({ journal }) => {
    const error = await failure(collect(journal.list(all, never())), "unreachable");
    matches(error.about.reason, /does not speak TLS/);
    matches(error.about.hint, /http:\/\//);
  }, trusting, "https", "localhost");
  clear.close();
  writeFileSync(file("junk"), "not a certificate");
  for (const tls of [{ caFile: file("absent") }, { caFile: file("junk") }, { certFile: file("cert"), keyFile: file("junk") }]) {
    await against(port, async ({ journal }) => void (await failure(journal.head(never()), "local")), { tls }, "https", "localhost");
  }
  await against(port, async ({ journal }) => void (await failure(journal.head(never()), "notConfigured")), { tls: { certFile: file("cert") } }, "https", "localhost");
  rmSync(dir, { recursive: true });
});

test("nothing is loaded or opened before the first call, and a closed client refuses", async () => {
  const server = await startJournal({ ours: true, entries: [] });
  const client = testClient(server.url);
  client.close();
  await failure(client.journal.head(never()), "internal");
  assert.is(server.asked.length, 0);
  server.close();
});

async function bound(server: Http2Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

test.run();
