// A commit at a terminal that waits for a second person, on both profiles.
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Pty, startPty } from "./repl/support/pty.ts";
import { type TestSite, startTestSite } from "./support/site.ts";

const MAIN = fileURLToPath(new URL("../src/main.js", import.meta.url));
const sites = new Map<string, TestSite>();
const open: Pty[] = [];

test.before(async () => {
  for (const profile of ["embedded", "real"] as const) sites.set(profile, await startTestSite({ profile }));
});
test.after(async () => {
  for (const pty of open) pty.close();
  for (const site of sites.values()) await site.close();
});

async function commit(site: TestSite, message: string): Promise<Pty> {
  const env = await site.env("reg-a");
  const pty = startPty(process.execPath, [MAIN, "commit", "-m", message, "--vcluster", "sensitive-compute"], { ...env, TERM: "xterm" }, env["HOME"] ?? "/");
  open.push(pty);
  return pty;
}
const idIn = (text: string): string => /accept (\S+)/.exec(text)?.[1] ?? "";

for (const profile of ["embedded", "real"] as const) {
  const site = (): TestSite => {
    const found = sites.get(profile);
    if (found === undefined) throw new Error("no site");
    return found;
  };

  test(`${profile}: it goes on once another person has accepted`, async () => {
    const pty = await commit(site(), "two of us");
    const id = idIn(await pty.see(/waits for a second person, who runs: pact approve accept \S+/, 20_000));
    const accepted = await site().pact(["approve", "accept", id], { user: "reg-b" });
    assert.is(accepted.status, 0, accepted.stderr);
    await pty.see(/committed seq \d+/, 20_000);
    assert.is((await pty.exited).exitCode, 0);
    const log = await site().pact(["log", "--scope", "vc:sensitive-compute", "--output", "json"], { user: "reg-a" });
    const commits: { type: string; message: string; author: { principal: string } }[] = JSON.parse(log.stdout);
    assert.equal(commits.filter(({ type, message }) => type === "COMMIT" && message === "two of us").map(({ author }) => author.principal), ["reg-a"]);
  });

  test(`${profile}: a denial ends it with 3`, async () => {
    const pty = await commit(site(), "not today");
    const id = idIn(await pty.see(/approve accept \S+/, 20_000));
    assert.is((await site().pact(["approve", "deny", id, "-m", "change window not scheduled"], { user: "reg-b" })).status, 0);
    await pty.see(/denied/, 20_000);
    assert.is((await pty.exited).exitCode, 3);
  });

  test(`${profile}: Ctrl-C leaves it pending`, async () => {
    const pty = await commit(site(), "later");
    const id = idIn(await pty.see(/approve accept \S+/, 20_000));
    pty.type("\u0003");
    await pty.see(`${id} stays pending`, 20_000);
    assert.is((await pty.exited).exitCode, 130);
    const list = await site().pact(["approve", "list", "--output", "name"], { user: "reg-b" });
    assert.ok(list.stdout.split("\n").includes(id), list.stdout);
  });
}

test("without a terminal nobody waits: exit 3 with the id", async () => {
  const ran = await sites.get("embedded")?.pact(["commit", "-m", "x", "--vcluster", "sensitive-compute"], { user: "reg-a" });
  assert.is(ran?.status, 3);
  assert.match(ran?.stderr ?? "", /approval ap-[0-9a-f]{8}/);
});

test.run();
