// Login by device code: what is shown, how it polls, and how it ends.
import { createServer, type IncomingMessage } from "node:http";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Browser } from "../site/idp/browser.ts";
import { leaks, listen, SIGNAL, startWorld, type World } from "./world.ts";

const device = { flow: "device", server: undefined } as const;
const auto = { flow: "auto", server: undefined } as const;

/** Calls back with each line that pact shows. */
function telling(world: World, onLine: (lines: string[]) => void): (line: string) => void {
  const lines: string[] = [];
  return (line) => {
    lines.push(line);
    world.tell(line);
    onLine(lines);
  };
}

test("without a browser, login shows an address and a code, each alone on a line, and waits for the other device", async () => {
  const world = await startWorld();
  try {
    const identity = world.identity();
    let typed: Promise<unknown> | undefined;
    const tell = telling(world, (lines) => {
      const code = lines.find((line) => /^[A-Z]{4}-[A-Z]{4}$/.test(line));
      const page = lines.find((line) => line === `${world.idp.issuer}/device`);
      if (code === undefined || page === undefined || typed !== undefined) return;
      typed = (async () => {
        const browser = new Browser();
        const form = await browser.submit(await browser.submit(await browser.open(page), { user_code: code }), { confirm: "yes" });
        await browser.submit(form, { username: "ops", password: await world.idp.passwords.get("ops") });
      })();
    });
    const who = await identity.login(auto, tell, SIGNAL);
    await typed;
    assert.is(who.principal, "ops");
    assert.ok(world.said.some((line) => /the code is good for 10 min/.test(line)));
    const login = world.cache.read();
    assert.ok(login?.refresh_token);
    assert.equal(leaks(world.said, [login?.access_token ?? "", login?.refresh_token ?? ""]), []);
  } finally {
    await world.close();
  }
});

/** A provider that knows the device flow only, answers the polls in this order, and counts the seconds in no time. */
async function fakeProvider(polls: readonly (readonly [number, object])[], change: Readonly<Record<string, unknown>> = {}, page?: string): Promise<{ url: string; asked: number[]; close(): void }> {
  const asked: number[] = [];
  let url = "";
  const body = (req: IncomingMessage): [number, object] => {
    if (req.url?.includes("well-known")) {
      return [200, { issuer: url, token_endpoint: `${url}/token`, device_authorization_endpoint: `${url}/device`, jwks_uri: `${url}/jwks`, response_types_supported: [], ...change }];
    }
    if (req.url === "/device") return [200, { device_code: "device-secret", user_code: "ABCD\u001b[2J", verification_uri: page ?? `${url}/page\u0007`, expires_in: 60, interval: 0.01 }];
    asked.push(performance.now());
    const [status, answer] = polls[asked.length - 1] ?? [400, { error: "expired_token" }];
    return [status, answer];
  };
  const server = createServer((req, res) => {
    const [status, answer] = body(req);
    if (status === 0) req.socket.destroy();
    else res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  url = await listen(server);
  return {
    url,
    asked,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const pending = [400, { error: "authorization_pending" }] as const;

test("polling outlasts pending answers, a broken connection and a gateway's failure", async () => {
  const world = await startWorld();
  const token = await world.idp.mint({ sub: "ops", role: "r", principalType: "human" }, 600);
  const fake = await fakeProvider([pending, [0, {}], [502, {}], pending, [200, { access_token: token, token_type: "bearer", expires_in: 600 }]]);
  try {
    const who = await world.identity({ auth: { idpUrl: fake.url, clientId: "c" } }).login(device, world.tell, SIGNAL);
    assert.is(who.principal, "ops");
    assert.is(fake.asked.length, 5);
    assert.is(world.said.filter((line) => /cannot be reached just now/.test(line)).length, 1);
    assert.equal(leaks(world.said, ["\u001b", "\u0007", "device-secret", token]), []);
  } finally {
    fake.close();
    await world.close();
  }
});

test("slow_down makes it five seconds slower", async () => {
  const world = await startWorld();
  const token = await world.idp.mint({ sub: "ops", role: "r", principalType: "human" }, 600);
  const fake = await fakeProvider([[400, { error: "slow_down" }], [200, { access_token: token, token_type: "bearer" }]]);
  try {
    await world.identity({ auth: { idpUrl: fake.url, clientId: "c" } }).login(device, world.tell, SIGNAL);
    const [first = 0, second = 0] = fake.asked;
    assert.ok(second - first >= 4900, `${second - first}`);
  } finally {
    fake.close();
    await world.close();
  }
});

test("a code that expired or was declined is said, and nothing is kept", async () => {
  const world = await startWorld();
  try {
    for (const error of ["expired_token", "access_denied"]) {
      const fake = await fakeProvider([[400, { error }]]);
      const failure = await world.failure(world.identity({ auth: { idpUrl: fake.url, clientId: "c" } }).login(device, world.tell, SIGNAL));
      fake.close();
      assert.is(failure.failure, "unauthenticated");
      assert.match(failure.message, new RegExp(error));
    }
    assert.is(world.cache.read(), undefined);
  } finally {
    await world.close();
  }
});

test("a page for the code that is a file or on another machine in clear text is not shown", async () => {
  const world = await startWorld();
  for (const page of ["file:///etc/passwd", "http://idp.example/device", "nonsense"]) {
    const fake = await fakeProvider([], {}, page);
    const error = await world.failure(world.identity({ auth: { idpUrl: fake.url, clientId: "c" } }).login(device, world.tell, SIGNAL));
    fake.close();
    assert.equal([error.failure, fake.asked.length], ["unauthenticated", 0], page);
    assert.not.ok(world.said.includes(page));
  }
  await world.close();
});

test("Ctrl-C ends the wait", async () => {
  const world = await startWorld();
  const fake = await fakeProvider(Array.from({ length: 10_000 }, () => pending));
  try {
    const stop = new AbortController();
    const tell = telling(world, (lines) => {
      if (lines.at(-1)?.includes("Ctrl-C")) setImmediate(() => stop.abort());
    });
    assert.is((await world.failure(world.identity({ auth: { idpUrl: fake.url, clientId: "c" } }).login(device, tell, stop.signal))).failure, "interrupted");
  } finally {
    fake.close();
    await world.close();
  }
});

test("a provider without the flow, or without any that pact knows, is said", async () => {
  const world = await startWorld();
  const fake = await fakeProvider([], { device_authorization_endpoint: undefined });
  try {
    const identity = world.identity({ auth: { idpUrl: fake.url, clientId: "c" } });
    assert.match((await world.failure(identity.login(device, world.tell, SIGNAL))).message, /no login by device code/);
    assert.match((await world.failure(identity.login(auto, world.tell, SIGNAL))).message, /no login that pact supports/);
  } finally {
    fake.close();
    await world.close();
  }
});

test.run();
