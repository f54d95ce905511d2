// Where neither a browser nor a device flow is at hand: the address is shown, and
// what the browser ended on elsewhere can be pasted. And how a browser is started.
import { chmodSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { browserOf } from "../../src/auth/browser.ts";
import { authorize } from "../site/idp/flows.ts";
import { Browser } from "../site/idp/browser.ts";
import { drive, leaks, SIGNAL, startWorld, type World } from "./world.ts";

let world: World;
test.before.each(async () => {
  world = await startWorld();
  // A provider that offers the code flow only.
  world.intercept = (req, res) => {
    if (req.url?.includes("/.well-known/") !== true) return false;
    const { issuer } = world.idp;
    const metadata = {
      issuer, authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks`, response_types_supported: ["code"], subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["RS256"], scopes_supported: ["openid", "offline_access"], authorization_response_iss_parameter_supported: true,
    };
    res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(metadata));
    return true;
  };
});
test.after.each(async () => await world.close());

const auto = { flow: "auto", server: undefined } as const;
const shownPage = (): string => world.said.find((line) => line.startsWith(`${world.idp.issuer}/auth?`)) ?? "none";

/** Where a browser on another machine ends: at an address that it cannot load. */
async function endsAt(page: string): Promise<URL> {
  const browser = new Browser();
  const stop = (url: URL): boolean => url.pathname === "/callback";
  return (await browser.submit(await browser.open(page, stop), { username: "ops", password: await world.idp.passwords.get("ops") }, stop)).url;
}

test("the pasted address logs in, and so does the code in it", async () => {
  for (const pick of [(url: URL) => url.href, (url: URL) => ` ${url.searchParams.get("code")} `]) {
    let secret = false;
    const ask = async (question: string, hidden: boolean): Promise<string> => {
      assert.match(question, /Paste the address/);
      secret = hidden;
      return pick(await endsAt(shownPage()));
    };
    world.said.length = 0;
    assert.is((await world.identity({ ask }).login(auto, world.tell, SIGNAL)).principal, "ops");
    assert.ok(secret);
    assert.equal(leaks(world.said, [world.cache.read()?.access_token ?? "", world.cache.read()?.refresh_token ?? ""]), []);
    world.cache.remove();
  }
});

test("an address of another login, a made-up code and nonsense are refused", async () => {
  const other = await authorize(world.idp.issuer);
  const foreign = (await other.browser.submit(other.page, { username: "ops", password: await world.idp.passwords.get("ops") }, (url) => url.pathname === "/callback")).url;
  for (const text of [foreign.href, foreign.searchParams.get("code") ?? "", "nonsense", "http://127.0.0.1/callback"]) {
    const error = await world.failure(world.identity({ ask: async () => text }).login(auto, world.tell, SIGNAL));
    assert.is(error.failure, "unauthenticated", text);
    assert.is(world.cache.read(), undefined);
  }
});

test("Enter waits for a browser on this machine", async () => {
  const ask = async (): Promise<string> => {
    setImmediate(() => void drive(world.idp, shownPage(), "ops"));
    return "";
  };
  assert.is((await world.identity({ ask }).login(auto, world.tell, SIGNAL)).principal, "ops");
});

test("with nobody to ask, the address is shown and the callback waited for", async () => {
  const tell = (line: string): void => {
    world.tell(line);
    if (line === shownPage()) void drive(world.idp, line, "ops");
  };
  assert.is((await world.identity().login(auto, tell, SIGNAL)).principal, "ops");
});

test("without a desktop there is no browser; $BROWSER names one, which gets the address and no secret", async () => {
  const page = "http://127.0.0.1:1/page?a=b&c=d";
  assert.is(browserOf({ PATH: process.env["PATH"] }, "linux")(page), false);
  assert.is(browserOf({ PATH: "/nowhere", DISPLAY: ":0" }, "linux")(page), false);
  assert.is(browserOf({ BROWSER: "no-such-browser", PATH: "/nowhere" }, "linux")(page), false);
  const dir = mkdtempSync(join(tmpdir(), "pact-browser-"));
  try {
    const program = join(dir, "browser");
    const out = join(dir, "seen");
    writeFileSync(program, `#!/bin/sh\n{ echo "$@"; env; } > ${dir}/partial && mv ${dir}/partial ${out}\n`);
    chmodSync(program, 0o755);
    const seen = new Promise<string>((resolve) => {
      const watcher = watch(dir, (_event, name) => {
        if (name !== "seen") return;
        watcher.close();
        resolve(readFileSync(out, "utf8"));
      });
    });
    const env = { BROWSER: `${program} --new %s`, PATH: process.env["PATH"], PACT_TOKEN: "hidden-1", PACT_CLIENT_SECRET: "hidden-2", PACT_SMD_TOKEN: "hidden-3", KEPT: "yes" };
    assert.is(browserOf(env, "linux")(page), true);
    const text = await seen;
    assert.ok(text.startsWith(`--new ${page}\n`), text);
    assert.match(text, /KEPT=yes/);
    assert.not.match(text, /hidden-/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test.run();
