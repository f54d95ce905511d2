// Finding the provider: the journal's answer, the settings that override it, and
// the addresses that are not trusted.
import { createServer, type Server, type ServerResponse } from "node:http";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { discoveryAddresses, findLoginPlace } from "../../src/auth/discovery.ts";
import { closedPort, listen, SIGNAL, startWorld, type World } from "./world.ts";

let world: World;
test.before.each(async () => {
  world = await startWorld();
});
test.after.each(async () => await world.close());

/** Asks this address only: port 9091 of this machine may be somebody's journal. */
const findPlace = (server: string) => findLoginPlace(server, `${server}/auth/discovery`, {}, limits);
const limits = { timeoutMs: 300, signal: SIGNAL };

async function withAnswer<T>(body: string, run: (url: string) => Promise<T>, status = 200): Promise<T> {
  const server: Server = createServer((_req, res) => res.writeHead(status, { "content-type": "application/json" }).end(body));
  const url = await listen(server);
  try {
    return await run(url);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

test("the journal itself is asked first, then port 9091 with its scheme; where the address is known, only that", () => {
  assert.equal(discoveryAddresses("https://j:9443", undefined), ["https://j:9443/auth/discovery", "https://j:9091/auth/discovery"]);
  assert.equal(discoveryAddresses("http://j:9443", "http://127.0.0.1:9/auth/discovery"), ["http://127.0.0.1:9/auth/discovery"]);
});

test("what the journal says is taken", async () => {
  const place = await findLoginPlace(world.server, undefined, {}, limits);
  assert.equal([place.idp.href, place.clientId, place.scopes], [world.idp.issuer, "pact-cli", ["openid", "profile", "offline_access"]]);
});

// Every address of 127/8 is loopback on Linux only.
(process.platform === "linux" ? test : test.skip)("a journal port that swallows the question does not keep port 9091 from its turn", async () => {
  const host = `127.88.${1 + (process.pid % 250)}.${1 + Math.floor(Math.random() * 250)}`;
  const swallows = createServer(() => undefined);
  const answers = createServer((_req, res) => res.writeHead(200).end(JSON.stringify({ ...world.idp.discovery, client_id: "from-9091" })));
  await new Promise<void>((resolve) => swallows.listen(0, host, resolve));
  await new Promise<void>((resolve) => answers.listen(9091, host, resolve));
  try {
    const address = swallows.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    assert.is((await findLoginPlace(`http://${host}:${port}`, undefined, {}, limits)).clientId, "from-9091");
  } finally {
    for (const server of [swallows, answers]) {
      server.close();
      server.closeAllConnections();
    }
  }
});

test("settings override the journal and serve when it is down", async () => {
  const place = await findLoginPlace("http://127.0.0.1:2", "http://127.0.0.1:2/x", { idpUrl: "https://idp.example/x", clientId: "mine", scopes: ["openid"] }, limits);
  assert.equal([place.idp.href, place.clientId, place.scopes], ["https://idp.example/x", "mine", ["openid"]]);
  const mixed = await findLoginPlace(world.server, undefined, { clientId: "mine" }, limits);
  assert.equal([mixed.idp.href, mixed.clientId], [world.idp.issuer, "mine"]);
});

test("a journal that is down is unreachable, and the setting that helps is named", async () => {
  const error = await world.failure(findPlace(await closedPort()));
  assert.is(error.failure, "unreachable");
  assert.match(error.about.reason ?? "", /ECONNREFUSED/);
  assert.match(error.about.hint ?? "", /idp_url/);
});

test("a journal without a provider is said to have none", async () => {
  const error = await world.failure(withAnswer('{"idp_url":"","client_id":"pact-cli","scopes":[]}', findPlace));
  assert.is(error.failure, "unauthenticated");
  assert.match(error.message, /names no identity provider/);
});

test("an answer that is no discovery is not believed", async () => {
  for (const body of ["<html>", "[]", "null", "{}", '{"idp_url":7}', "x".repeat(2_000_000)]) {
    assert.is((await world.failure(withAnswer(body, findPlace))).failure, "unreachable", body.slice(0, 20));
  }
  assert.is((await world.failure(withAnswer("{}", findPlace, 302))).failure, "unreachable");
});

test("a provider without encryption is refused, unless it is on this machine or the journal has none either", async () => {
  const place = (server: string, idpUrl: string) => findLoginPlace(server, undefined, { idpUrl, clientId: "c" }, limits);
  const error = await world.failure(place("https://j:9443", "http://idp.example/"));
  assert.is(error.failure, "unauthenticated");
  assert.match(error.message, /not encrypted/);
  assert.is((await place("https://j:9443", "http://127.0.0.1:5/")).idp.hostname, "127.0.0.1");
  assert.is((await place("http://j:9443", "http://idp.example/")).idp.hostname, "idp.example");
  for (const bad of ["file:///etc/passwd", "nonsense", "https://user:pw@idp.example/"]) {
    assert.is((await world.failure(place("http://j:9443", bad))).failure, "unauthenticated", bad);
  }
});

test("a provider that claims to be another, or leads elsewhere in clear text, is not accepted", async () => {
  const metadata = (issuer: string, endpoint: string): string =>
    JSON.stringify({ issuer, authorization_endpoint: `${issuer}/auth`, token_endpoint: endpoint, jwks_uri: `${issuer}/jwks`, response_types_supported: ["code"], subject_types_supported: ["public"], id_token_signing_alg_values_supported: ["RS256"] });
  const service = { flow: "service-account", server: undefined } as const;
  const env = { PACT_CLIENT_ID: "a", PACT_CLIENT_SECRET: "a-secret" };
  const login = async (body: (url: string) => string): Promise<string> => {
    let text = "";
    return await withAnswer("", async () => {
      const server = createServer((_req, res) => res.writeHead(200, { "content-type": "application/json" }).end(text));
      const url = await listen(server);
      text = body(url);
      const error = await world.failure(world.identity({ env, auth: { idpUrl: url, clientId: "c" } }).login(service, world.tell, SIGNAL));
      server.close();
      server.closeAllConnections();
      return `${error.failure} ${error.message} ${error.about.reason}`;
    });
  };
  assert.match(await login(() => metadata("https://other.example", "https://other.example/token")), /unauthenticated .*issuer/);
  assert.match(await login((url) => metadata(url, "http://elsewhere.example/token")), /unauthenticated .*without encryption/);
});

test("a provider whose metadata is huge, a page, a redirect in a circle, cut off or endless ends the login in time, and no page is opened", async () => {
  const opened: string[] = [];
  const openBrowser = (url: string): boolean => opened.push(url) > 0;
  const answers: Readonly<Record<string, (res: ServerResponse) => void>> = {
    huge: (res) => res.writeHead(200, { "content-type": "application/json" }).end(`{"issuer":"${"x".repeat(2_000_000)}"}`),
    page: (res) => res.writeHead(200, { "content-type": "text/html" }).end("<html>log in to the hotel's network</html>"),
    circle: (res) => res.writeHead(302, { location: "/oidc/.well-known/openid-configuration" }).end(),
    nonsense: (res) => res.writeHead(200, { "content-type": "application/json" }).end("[1,"),
    cut: (res) => res.writeHead(200, { "content-type": "application/json", "content-length": "500" }).write("{", () => res.destroy()),
    endless: (res) => void res.writeHead(200, { "content-type": "application/json" }).write("{"),
    missing: (res) => res.writeHead(404).end(),
  };
  for (const [kind, answer] of Object.entries(answers)) {
    let asked = 0;
    world.intercept = (req, res) => {
      if (req.url?.includes("/.well-known/") !== true) return false;
      asked += 1;
      answer(res);
      return true;
    };
    const began = performance.now();
    const error = await world.failure(world.identity({ openBrowser, timeoutMs: 1000 }).login({ flow: "auto", server: undefined }, world.tell, SIGNAL));
    assert.is(error.failure, "unauthenticated", kind);
    assert.match(error.message, /identity provider at http:\/\/127\.0\.0\.1:\d+\/oidc/, kind);
    assert.ok(error.about.reason, kind);
    assert.ok(performance.now() - began < 5000, kind);
    assert.is(asked, 1, kind);
  }
  assert.equal(opened, []);
  assert.is(world.cache.read(), undefined);
});

test("a login page that is a file, a script or on another machine in clear text is not opened", async () => {
  const opened: string[] = [];
  for (const page of ["file:///etc/passwd", "javascript:alert(1)", "data:text/html,x", "nonsense", "http://idp.example/auth"]) {
    world.intercept = (req, res) => {
      if (req.url?.includes("/.well-known/") !== true) return false;
      const { issuer } = world.idp;
      res.writeHead(200, { "content-type": "application/json" });
      res.end(JSON.stringify({ issuer, authorization_endpoint: page, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks`, response_types_supported: ["code"] }));
      return true;
    };
    const error = await world.failure(world.identity({ openBrowser: (url) => opened.push(url) > 0, callbackLimitMs: 100 }).login({ flow: "auto", server: undefined }, world.tell, SIGNAL));
    assert.is(error.failure, "unauthenticated", page);
    assert.not.match(error.message, /nobody logged in/, page);
  }
  assert.equal(opened, []);
});

test.run();
