// The control socket: requests, refusals, and peers that do not behave.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { statSync, writeFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { join } from "node:path";
import type { ControlRequest } from "../../src/contract/control.ts";
import { askSite, startControl } from "../../src/site/control.ts";
import { readRequest } from "../../src/site/control-request.ts";
import { SiteProblem } from "../../src/site/problem.ts";
import { tempFolder } from "../support/folder.ts";

const echo = async (request: ControlRequest): Promise<object> => {
  if (request.do === "users") throw new Error("no users today");
  return { heard: request };
};

async function served(run: (path: string) => Promise<void>, answer = echo): Promise<void> {
  const path = join(tempFolder(), "control.sock");
  const server = await startControl(path, answer);
  try {
    await run(path);
  } finally {
    await server.close();
  }
}

/** Sends bytes as they are; answers what came back until the end. */
const raw = (path: string, bytes: string, end: boolean): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = createConnection(path);
    let text = "";
    socket.on("data", (data) => (text += data.toString()));
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
    socket.write(bytes);
    if (end) socket.end();
  });

async function refusal(promise: Promise<unknown>): Promise<SiteProblem> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof SiteProblem) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

test("a request is answered, and the socket is its owner's alone", () => served(async (path) => {
  const answer = await askSite(path, { do: "node", name: "node-001", action: "freeze" });
  assert.equal(answer["heard"], { do: "node", name: "node-001", action: "freeze" });
  assert.is(statSync(path).mode & 0o777, 0o600);
}));

test("a refusal carries the site's words", () => served(async (path) => {
  const problem = await refusal(askSite(path, { do: "users" }));
  assert.is(problem.kind, "remote");
  assert.is(problem.message, "no users today");
}));

test("forty requests at once are all answered", () => served(async (path) => {
  const all = await Promise.all(Array.from({ length: 40 }, (_, n) => askSite(path, { do: "token", user: `u${n}` })));
  assert.equal(all.map((one) => one["heard"]), Array.from({ length: 40 }, (_, n) => ({ do: "token", user: `u${n}` })));
}));

test("a client may close its side after the line", () => served(async (path) => {
  assert.match(await raw(path, '{"do":"ping"}\n', true), /"ok":true/);
}));

test("what is not a request is refused and the next one served", () => served(async (path) => {
  for (const bad of ["hello\n", "[1]\n", "null\n", '{"do":"format"}\n', '{"do":"token","user":"../x"}\n', '{"do":"clock","advance_s":-1}\n']) {
    assert.match(await raw(path, bad, false), /"ok":false,"error":"/, bad);
  }
  assert.match(await raw(path, '{"do":"ping"', true), /"ok":false/);
  assert.match(await raw(path, "x".repeat(400_000), true), /"ok":false,"error":"too long"/);
  assert.is((await askSite(path, { do: "ping" })).ok, true);
}));

test("closing does not wait for a client that says nothing", async () => {
  const path = join(tempFolder(), "control.sock");
  const server = await startControl(path, echo);
  const silent = createConnection(path);
  silent.on("error", () => {});
  await new Promise((resolve) => silent.once("connect", resolve));
  await server.close();
  silent.destroy();
});

test("a left-over socket file of a killed site is replaced", async () => {
  const path = join(tempFolder(), "control.sock");
  writeFileSync(path, "");
  const server = await startControl(path, echo);
  assert.is((await askSite(path, { do: "ping" })).ok, true);
  await server.close();
});

test("nobody there, and somebody who never answers, are connection problems", async () => {
  const path = join(tempFolder(), "control.sock");
  assert.is((await refusal(askSite(path, { do: "ping" }))).kind, "connection");
  const mute = createServer((socket) => void socket.resume().on("error", () => {})).listen(path);
  await new Promise((resolve) => mute.once("listening", resolve));
  const problem = await refusal(askSite(path, { do: "ping" }, 50));
  assert.is(problem.kind, "connection");
  assert.match(problem.message, /nothing within 0\.05 s/);
  await new Promise<void>((resolve) => mute.close(() => resolve()));
});

test("requests are read field by field", () => {
  assert.equal(readRequest('{"do":"clock","advance_s":60,"rate":2,"other":1}'), { do: "clock", advance_s: 60, rate: 2 });
  assert.equal(readRequest('{"do":"password","user":"a","set":""}'), { do: "password", user: "a", set: "" });
  assert.throws(() => readRequest('{"do":"password","user":"a","set":"x\\ny"}'), /control character/);
  assert.throws(() => readRequest('{"do":"node","name":"n","action":"explode"}'), /one of stop, freeze, cut, resume/);
  assert.throws(() => readRequest('{"do":"clock","rate":1e99}'), /rate must be from 0/);
});

test.run();
