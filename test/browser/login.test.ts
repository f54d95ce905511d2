// `pact login` as a person meets it: the built program opens a real browser at the embedded site's
// login page, and the browser's way back ends the login.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Chromium, Context, Page } from "playwright-core";
import { test as uvuTest } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../repl/support/sinks.ts";
import { tempFolder } from "../support/folder.ts";
import { handedPages } from "../support/handed.ts";
import { type Ran, type TestSite, runPact, scrubbedEnv, startTestSite } from "../support/site.ts";
import { chromiumPath, startChromium } from "./chromium.ts";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const path = chromiumPath();
const test = path === undefined ? (name: string, run: () => Promise<void>) => uvuTest.skip(`${name} (skipped: no chromium on the PATH)`, run) : uvuTest;

let made: { readonly site: TestSite; readonly chromium: Chromium } | undefined;
let context: Context;
const running = new Set<ChildProcess>();
const world = (): NonNullable<typeof made> => {
  if (made === undefined) throw new Error("the world was not made");
  return made;
};

uvuTest.before(async () => {
  if (path === undefined) return;
  const [site, chromium] = await Promise.all([startTestSite({ nodes: 1, bare: true }), startChromium(path, tempFolder())]);
  made = { site, chromium };
});
uvuTest.after(async () => {
  await made?.chromium.close();
  await made?.site.close();
});
uvuTest.before.each(async () => {
  if (made === undefined) return;
  context = await made.chromium.newContext();
  context.setDefaultTimeout(10_000);
});
uvuTest.after.each(async () => {
  for (const child of running) child.kill("SIGKILL");
  if (made !== undefined) await context.close();
});

interface Login {
  readonly env: Readonly<Record<string, string>>;
  /** The address that pact hands to the browser. */
  readonly address: string;
  readonly ended: Promise<Ran>;
  hasEnded(): boolean;
}

/** An environment that finds the site, with a login cache of its own. */
const freshEnv = (): Record<string, string> => ({ ...scrubbedEnv(world().site.home), XDG_CONFIG_HOME: tempFolder() });

/** `pact login` of somebody who has no login yet; $BROWSER hands the address to the test. */
async function startLogin(): Promise<Login> {
  const pages = handedPages();
  const env = { ...freshEnv(), BROWSER: pages.program };
  const child = spawn(process.execPath, [MAIN, "login"], { env, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let [stdout, stderr, over] = ["", "", false];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<Ran>((resolve) => {
    child.once("close", (status) => {
      over = true;
      running.delete(child);
      resolve({ status, stdout, stderr });
    });
  });
  let address: string | undefined;
  await until(() => (address = pages.take()) !== undefined || over, "pact opens the browser");
  if (address === undefined) throw new Error(`pact login ended early: ${stderr}`);
  return { env, address, ended, hasEnded: () => over };
}

async function typeInto(page: Page, user: string, password: string): Promise<void> {
  await page.getByLabel("User name").fill(user);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

const passwords = new Map<string, string>();
async function passwordOf(user: string): Promise<string> {
  const known = passwords.get(user) ?? (await world().site.pact(["site", "passwd", user])).stdout.trim();
  passwords.set(user, known);
  return known;
}

const mainOf = async (page: Page): Promise<string> => (await page.getByRole("main").textContent()) ?? "";

const whoIs = async ({ env }: Login): Promise<string> => (await runPact(["whoami", "--fields", "principal,token_source", "--output", "csv"], env)).stdout;

/** Files of the login cache, with their modes. */
function cached({ env }: Login): string[] {
  const dir = join(env["XDG_CONFIG_HOME"] ?? "", "pact/auth");
  return existsSync(dir) ? readdirSync(dir).map((name) => `${(statSync(join(dir, name)).mode & 0o777).toString(8)} ${name}`) : [];
}

test("a password typed into the page logs in, the page says so, and the tokens are kept", async () => {
  const login = await startLogin();
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  await page.goto(login.address);
  await page.getByLabel("User name").fill("ops");
  await page.getByLabel("Password").fill(await passwordOf("ops"));
  // With the keyboard alone: Enter is the login, not the button that cancels.
  await page.getByLabel("Password").press("Enter");
  await page.getByRole("heading", { name: "pact login" }).waitFor();
  assert.match(await mainOf(page), /You are logged in\. You can close this page\./);
  const { status, stdout, stderr } = await login.ended;
  assert.is(status, 0, stderr);
  assert.match(stdout, /^logged in to http:\/\/127\.0\.0\.1:\d+ as ops \(pact-ops-ml-training\)\n$/);
  assert.match(cached(login).join(), /^600 tokens-[0-9a-f]{16}\.json$/);
  assert.match(await whoIs(login), /ops,login cache/);
  assert.not.match(stdout + stderr, new RegExp(await passwordOf("ops")));
  // The page's own rules (CSP) stand in the way of nothing it does.
  assert.equal(complaints, []);
});

test("a wrong password is said on the page, keeps the name, and the right one still logs in", async () => {
  const login = await startLogin();
  const page = await context.newPage();
  await page.goto(login.address);
  await typeInto(page, "viewer", "guess");
  assert.match((await page.getByRole("alert").textContent()) ?? "", /Wrong user name or password/);
  assert.is(await page.getByLabel("User name").inputValue(), "viewer");
  assert.is(await page.getByLabel("Password").inputValue(), "");
  assert.not.ok(login.hasEnded(), "pact waits");
  await typeInto(page, "viewer", await passwordOf("viewer"));
  await page.getByRole("heading", { name: "pact login" }).waitFor();
  assert.is((await login.ended).status, 0);
  assert.match(await whoIs(login), /viewer,login cache/);
});

test("Cancel on the page ends pact with 2, says so on both sides, and leaves no token", async () => {
  const login = await startLogin();
  const page = await context.newPage();
  await page.goto(login.address);
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("heading", { name: "pact login" }).waitFor();
  assert.match(await mainOf(page), /The login failed\. Your terminal says why\./);
  const { status, stdout, stderr } = await login.ended;
  assert.is(status, 2);
  assert.is(stdout, "");
  for (const said of [/refused: access_denied/, /server says: cancelled on the login page/, /try: pact login/]) assert.match(stderr, said);
  assert.equal(cached(login), []);
});

test("reloading the last page, going back and opening the address again harm no login that is done", async () => {
  const login = await startLogin();
  const page = await context.newPage();
  await page.goto(login.address);
  await typeInto(page, "ops", await passwordOf("ops"));
  await page.getByRole("heading", { name: "pact login" }).waitFor();
  const callback = page.url();
  assert.is((await login.ended).status, 0);
  await page.reload().catch((error: unknown) => assert.match(String(error), /ERR_CONNECTION_(REFUSED|RESET)/));
  await (await context.newPage()).goto(callback).catch((error: unknown) => assert.match(String(error), /ERR_CONNECTION_(REFUSED|RESET)/));
  await page.goBack().catch(() => null);
  await (await context.newPage()).goto(login.address).catch((error: unknown) => assert.match(String(error), /ERR_CONNECTION_(REFUSED|RESET)/));
  assert.match(await whoIs(login), /ops,login cache/);
  assert.is((await runPact(["status", "node-001"], login.env)).status, 0);
});

test("of two tabs at one login the first to finish counts, and the other changes nothing", async () => {
  const login = await startLogin();
  const [first, second] = [await context.newPage(), await context.newPage()];
  await first.goto(login.address);
  await second.goto(login.address);
  await typeInto(second, "viewer", await passwordOf("viewer"));
  await second.getByRole("heading", { name: "pact login" }).waitFor();
  assert.is((await login.ended).status, 0);
  await first.getByLabel("User name").fill("ops");
  await first.getByLabel("Password").fill(await passwordOf("ops"));
  // It is led back to an address where nobody waits any more.
  const failed = first.waitForEvent("requestfailed");
  await first.getByRole("button", { name: "Log in" }).click();
  assert.match((await failed).url(), /^http:\/\/127\.0\.0\.1:\d+\/callback\?/);
  assert.match(await whoIs(login), /viewer,login cache/);
});

test("two logins in one browser at once each end as who was typed there", async () => {
  const [one, two] = await Promise.all([startLogin(), startLogin()]);
  const [left, right] = [await context.newPage(), await context.newPage()];
  await left.goto(one.address);
  await right.goto(two.address);
  await typeInto(right, "viewer", await passwordOf("viewer"));
  await right.getByRole("heading", { name: "pact login" }).waitFor();
  await typeInto(left, "ops", await passwordOf("ops"));
  await left.getByRole("heading", { name: "pact login" }).waitFor();
  assert.equal([(await one.ended).status, (await two.ended).status], [0, 0]);
  assert.match(await whoIs(one), /ops,login cache/);
  assert.match(await whoIs(two), /viewer,login cache/);
});

test("a device code is entered, checked against the terminal's, and confirmed in the browser", async () => {
  const child = spawn(process.execPath, [MAIN, "login", "--device-code"], { env: freshEnv(), stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  await until(() => /code there:\n\S+\n/.test(said), "pact shows a code");
  const [, address = "", code = ""] = /any device:\n(\S+)\n.*:\n(\S+)\n/.exec(said) ?? [];
  const page = await context.newPage();
  await page.goto(address);
  await page.getByLabel("Code that pact shows").fill("AAAA-AAAA");
  await page.getByRole("button", { name: "Continue" }).click();
  assert.match((await page.getByRole("alert").textContent()) ?? "", /wrong, used or expired/);
  await page.getByLabel("Code that pact shows").fill(code.toLowerCase());
  await page.getByRole("button", { name: "Continue" }).click();
  assert.match(await mainOf(page), new RegExp(code));
  await page.getByRole("button", { name: "Yes, continue" }).click();
  await typeInto(page, "ops", await passwordOf("ops"));
  await page.getByRole("heading", { name: "Logged in" }).waitFor();
  assert.is(await ended, 0, said);
  running.delete(child);
});

uvuTest.run();
