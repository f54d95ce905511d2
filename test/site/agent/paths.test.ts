// Sensitive paths in every disguise an argument can hold them in.
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { resolveInside } from "../../../src/site/agent/paths.ts";
import { sensitiveArgument } from "../../../src/site/agent/sensitive.ts";

const root = mkdtempSync(join(tmpdir(), "pact-paths-"));
mkdirSync(join(root, "etc/ssl/private"), { recursive: true });
mkdirSync(join(root, "srv/site"), { recursive: true });
mkdirSync(join(root, "home/a/.ssh"), { recursive: true });
writeFileSync(join(root, "etc/shadow"), "secret");
writeFileSync(join(root, "etc/hosts"), "plain");
symlinkSync("/etc/shadow", join(root, "innocent"));
symlinkSync("../../etc", join(root, "srv/up"));
symlinkSync("loop-b", join(root, "loop-a"));
symlinkSync("loop-a", join(root, "loop-b"));
symlinkSync("/srv/site", join(root, "short"));
linkSync(join(root, "etc/shadow"), join(root, "same"));
test.after(() => rmSync(root, { recursive: true, force: true }));

const scope = { view: root, forbidden: ["/srv/site"] };
const refused = (command: string, ...args: string[]): boolean => sensitiveArgument(command, args, scope) !== undefined;

const DISGUISES: [string, ...string[]][] = [
  ["cat", "/etc/shadow"], ["cat", "etc/shadow"], ["cat", "./etc/shadow"], ["cat", "/etc/../etc/shadow"], ["cat", "//etc//shadow"], ["cat", "/etc/./shadow"],
  ["cat", "../../../etc/shadow"], ["cat", "/etc/shadow-"], ["cat", "--x=/etc/shadow"], ["cat", "--x=a,/etc/shadow"], ["cat", "-f/etc/shadow"], ["grep", "-nfetc/shadow", "x"],
  ["cat", "/innocent"], ["cat", "innocent"], ["cat", "-xinnocent"], ["cat", "--file=innocent"], ["cat", "/srv/up/shadow"], ["cat", "/same"], ["cat", "/proc/1/environ"],
  ["cat", "/proc/self/task/1/environ"], ["cat", "/proc/1/root/etc/hostname"], ["ls", "/proc/1/cwd"], ["cat", "/proc/self/../1/root/x"], ["cat", "/proc/1/fd/7"], ["head", "/proc/1/task/1/root/etc/hosts"], ["cat", "/proc/1/map_files/a-b"], ["cat", "/proc/12/mem"], ["cat", "/root"], ["ls", "/root/"], ["cat", "~root/x"], ["ls", "/home/a/.ssh"], ["cat", "/home/a/.ssh/id_rsa"],
  ["cat", "file:///etc/shadow"], ["cat", "@/etc/shadow"], ["ls", "/etc/ssl/private/"], ["ls", "/etc/pact/ca"], ["ls", "/run/pact/ca/x"], ["cat", "/srv/site/secrets"], ["cat", "/short/secrets"],
  ["ls", "short"], ["cat", "/etc/master.passwd"], ["grep", "-r", "x", "/etc"], ["grep", "-r", "x", "/"], ["grep", "-r", "x", "/srv"], ["grep", "-r", "x"], ["diff", "/etc", "/srv"], ["cat", "/proc/kcore"], ["ls", "root"], ["grep", "root", "root"], ["grep", "-e", "x", "root"],
];
for (const [command, ...args] of DISGUISES) test(`refused: ${command} ${args.join(" ")}`, () => assert.ok(refused(command, ...args)));

const PLAIN: [string, ...string[]][] = [
  ["cat", "/etc/hosts"], ["cat", "/rootfs/x"], ["ls", "/etc"], ["ls", "/"], ["cat", "/loop-a"], ["cat", "/srv/up/hosts"], ["grep", "-r", "x", "/etc/ssl/certs"], ["grep", "shadow", "/etc/hosts"],
  ["cat", "/etc/shad"], ["cat", "/srv/site2"], ["cat", "/proc/1/status"], ["cat", "/proc/self/fd/0"], ["cat", "/dev/stdin"], ["echo", "a=b,c:d"], ["cat", "~/x"], ["ps", "-u", "root"], ["grep", "root", "/etc/hosts"], ["echo", "root"],
];
for (const [command, ...args] of PLAIN) test(`allowed: ${command} ${args.join(" ")}`, () => assert.not(refused(command, ...args)));

test("links are followed against the node's root, and loops end", () => {
  assert.is(resolveInside(root, "/srv/up/hosts"), "/etc/hosts");
  assert.is(resolveInside(root, "/innocent"), "/etc/shadow");
  assert.is(resolveInside(root, "../../../../x"), "/x");
  assert.match(resolveInside(root, "/loop-a"), /^\/loop-[ab]$/);
  assert.is(resolveInside("", "/proc/1/../../etc"), "/etc");
});

test("a raw device is not read on the machine itself, plain ones are", () => {
  const host = { view: "", forbidden: [] };
  assert.is(sensitiveArgument("cat", ["/dev/null"], host), undefined);
  assert.is(sensitiveArgument("cat", ["/dev/kmsg"], host), "/dev/kmsg");
});

test("an argument as long as can be is judged quickly", () => {
  const start = performance.now();
  assert.ok(refused("cat", `-${"n".repeat(100_000)}`));
  assert.not(refused("cat", `${"a/".repeat(20_000)}b`));
  assert.ok(performance.now() - start < 2000);
});

test.run();
