// A key typed in `pact shell NODE`, until its echo is back, beside a bare relay of a terminal over gRPC; ssh stands beside them.
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { FAST, floor, inTurns, median, ms, quantile, row, startFloor, times } from "./measure.mjs";
import { startTerminal } from "./terminal.mjs";

const KEYS = 400;
const WARM_UP = 40;
/** Keys typed before the line is wiped: a long one would wrap. */
const LINE = 40;

/** Types keys one after the other, each when the last one's echo is there. */
function typist(terminal) {
  let at = 0;
  const echo = async () => {
    const key = "abcdefghijklmnopqrstuvwxyz"[at % 26];
    at += 1;
    const took = await terminal.send(key, (text) => text.includes(key));
    // Wiped (Ctrl-U) and looked at; then the mark goes, too.
    if (at % LINE === 0) await terminal.send("\u0015#", (text) => text.includes("#")).then(() => terminal.send("\u0015", (text) => text.length > 0));
    return took;
  };
  return echo;
}

const SBIN = "/usr/sbin/sshd";

const freePort = () => new Promise((resolve) => {
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});

/** An sshd of our own on loopback, with keys made for it; undefined where there is none or it does not let us in. */
async function startSsh(home) {
  const dir = join(home, "ssh");
  try {
    accessSync(SBIN, constants.X_OK);
  } catch {
    return undefined;
  }
  mkdirSync(dir, { mode: 0o700 });
  for (const name of ["host", "user"]) spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(dir, name)]);
  writeFileSync(join(dir, "authorized"), readFileSync(join(dir, "user.pub")), { mode: 0o600 });
  const port = await freePort();
  if (process.getuid() === 0) mkdirSync("/run/sshd", { recursive: true });
  const options = [`Port=${port}`, "ListenAddress=127.0.0.1", `HostKey=${join(dir, "host")}`, `AuthorizedKeysFile=${join(dir, "authorized")}`, "StrictModes=no", "UsePAM=no", "PidFile=none"];
  const daemon = spawn(SBIN, ["-D", "-f", "/dev/null", ...options.flatMap((option) => ["-o", option])], { stdio: "ignore" });
  const to = ["-tt", "-p", String(port), "-i", join(dir, "user"), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", `${userInfo().username}@127.0.0.1`];
  for (let attempt = 0; attempt < 50; attempt++) {
    if (spawnSync("ssh", [...to.slice(1), "true"], { stdio: "ignore" }).status === 0) return { to, stop: () => daemon.kill() };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  daemon.kill();
  return undefined;
}

/** A shell whose prompt stands: what it says to a first word comes back. */
async function ready(terminal) {
  await terminal.wait((text) => /[$#>] ?(\u001b\[[\d;?]*[A-Za-z])*$/.test(text));
  return terminal;
}

export async function keyEcho({ env, home }) {
  const server = await startFloor(floor("echo-server.mjs"), [], env);
  const ssh = await startSsh(home);
  const bash = ["--norc", "--noprofile"];
  const ours = await ready(startTerminal(process.execPath, [FAST, "shell", "node-001"], env));
  const bare = await ready(startTerminal(process.execPath, [floor("echo-client.mjs"), server.line], env));
  const remote = ssh === undefined ? undefined : await ready(startTerminal("ssh", [...ssh.to, ["bash", ...bash].join(" ")], env));
  try {
    const contenders = [ours, bare, ...(remote === undefined ? [] : [remote])].map(typist);
    const [a, b, c] = await inTurns(KEYS, WARM_UP, contenders);
    const told = (took) => `${ms(median(took))}, p99 ${ms(quantile(took, 0.99))}`;
    return [row({
      what: "key echo in `shell`", ours: told(a), floorName: "a bare gRPC relay of a terminal",
      floors: `${told(b)}; ssh ${c === undefined ? "not here" : told(c)}`, ratio: times(median(a) / median(b)), goal: "≤ 1.5×, p99 ≤ 16 ms",
    })];
  } finally {
    for (const terminal of [ours, bare, remote]) await terminal?.stop("\u0015exit\r");
    ssh?.stop();
    await server.stop();
  }
}
