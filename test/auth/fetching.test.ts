// HTTP within limits: the deadline holds whatever the engine does meanwhile.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { boundedFetch } from "../../src/auth/fetching.ts";
import { startFaultProxy } from "../proxy/fault-proxy.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

test("a deadline survives the collection of garbage", async () => {
  const hole = await startFaultProxy("http://127.0.0.1:9", { kind: "black hole" });
  const signal = new AbortController().signal;
  try {
    const began = performance.now();
    const asked = boundedFetch(hole.url, {}, { timeoutMs: 500, signal }).then(() => "answered", (error: unknown) => (error instanceof Error ? error.name : "failed"));
    await hole.connected;
    collectGarbage();
    assert.is(await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, 3_000, "late"))]), "TimeoutError");
    assert.ok(performance.now() - began < 2_500);
  } finally {
    await hole.close();
  }
});

test("each answer is heard of, with its headers, whatever its status", async () => {
  const { createServer } = await import("node:http");
  const server = createServer((_request, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/x`;
  const heard: [string, boolean][] = [];
  await boundedFetch(url, {}, { timeoutMs: 2_000, signal: new AbortController().signal, answered: (from, headers) => heard.push([from, headers.has("date")]) });
  assert.equal(heard, [[url, true]]);
  server.close();
  server.closeAllConnections();
});

test.run();
