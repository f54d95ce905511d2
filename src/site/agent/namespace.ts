// The kept namespace of a virtual node. A holder process makes it (mount, uts, pid, and
// user when not root), turns the node's root into `/`, lets go of everything else, and
// then reads a pipe that this process holds: when we end in whatever way, the pipe
// closes, the holder ends, and the kernel ends all of its pid namespace with it.
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { sealed } from "./descriptors.ts";

/** What a command inside may still do as root there; anything about the machine is taken away. */
const KEPT = ["chown", "dac_override", "fowner", "fsetid", "kill"] as const;

const UNSHARE = "/usr/bin/unshare";
const NSENTER = "/usr/bin/nsenter";
const SETPRIV = "/usr/bin/setpriv";

/** $1 root, $2 host name. Runs as pid 1 of the namespace; reaps what is left to it while it waits. */
const HOLDER = `unset HOLDER
set -e
umask 022
read -r self _ < /proc/self/stat
mount --bind "$1" "$1"
cd "$1"
for d in usr bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$d" ]; then
    [ -L "$d" ] || ln -s "$(readlink "/$d")" "$d"
  elif [ -d "/$d" ]; then
    mkdir -p "$d"
    mount --bind "/$d" "$d" 2>/dev/null || mount --rbind "/$d" "$d"
    mount -o remount,bind,ro "$d"
  fi
done
mkdir -p dev proc tmp sys
mount -t tmpfs -o mode=755,size=256k,nosuid tmpfs dev
for n in null zero full random urandom tty; do : > "dev/$n"; mount --bind "/dev/$n" "dev/$n"; done
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
mkdir dev/pts dev/shm dev/proc
mount -t proc -o nosuid,nodev,noexec proc dev/proc
mount --bind proc/sys dev/proc/sys
mount -o remount,bind,ro dev/proc
mount --rbind dev/proc proc
umount -l dev/proc
rmdir dev/proc
mount -t tmpfs -o mode=1777,size=64m,nosuid,nodev tmpfs tmp
mount -t tmpfs -o mode=755,size=64k,nosuid,nodev tmpfs sys
mkdir -p sys/devices/system sys/dev/block sys/block sys/class/block
if mount --bind /sys/devices/system sys/devices/system 2>/dev/null; then mount -o remount,bind,ro sys/devices/system; fi
for d in bin lib; do mount --bind "run/pact/$d" "run/pact/$d"; mount -o remount,bind,ro "run/pact/$d"; done
hostname "$2"
pivot_root . .
umount -l .
cd /
echo "ready $self"
while read -r _; do :; done`;

/** What is special about one program. */
export interface Entry {
  /** Leaves it the right to change mounts of the namespace. */
  readonly mayMount?: boolean;
  /** Makes it pid 1 of a pid namespace of its own: when it ends, whatever it started ends with it. */
  readonly alone?: boolean;
}

export interface Namespace {
  /** Pid of the holder as this process sees it. */
  readonly pid: number;
  readonly alive: boolean;
  /** Prefix under which the node's files are seen from here, links inside not yet followed. */
  readonly view: string;
  /** The command line that runs a program inside, in `/`; it replaces nothing of the environment. */
  enter(program: string, args: readonly string[], way?: Entry): { readonly file: string; readonly args: string[] };
  close(): Promise<void>;
}

/** How unshare must be called here: an ordinary user gets the right through a user namespace. */
function unshareArgs(): string[] {
  const user = process.getuid?.() === 0 ? [] : ["-U", "-r"];
  return [...user, "-m", "-u", "-p", "-f", "--kill-child", "--propagation", "private"];
}

/** Why namespaces cannot be had here, or null. */
export async function namespacesMissing(): Promise<string | null> {
  if (process.platform !== "linux") return "not Linux";
  const missing = [UNSHARE, NSENTER, SETPRIV, "/bin/bash"].find((path) => !existsSync(path));
  if (missing !== undefined) return `${missing} is not installed`;
  const child = spawn(UNSHARE, [...unshareArgs(), "/bin/true"], { stdio: sealed("ignore", "ignore", "pipe"), env: {} });
  const { code, stderr } = await outcome(child);
  return code === 0 ? null : lastLine(stderr) ?? `unshare ended with ${code}`;
}

function lastLine(text: string): string | undefined {
  return text.trim().split("\n").at(-1)?.replace(/[^\x20-\x7e]/g, "?") || undefined;
}

async function outcome(child: ChildProcess): Promise<{ code: number | null; stderr: string }> {
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => (stderr = (stderr + chunk.toString("utf8")).slice(-2000)));
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ code: -1, stderr: error.message }));
    child.on("close", (code) => resolve({ code, stderr }));
  });
}

/** Makes the namespace of one node; throws with the first reason it could not. */
export async function openNamespace(root: string, hostname: string): Promise<Namespace> {
  const child = spawn(UNSHARE, [...unshareArgs(), "/bin/bash", "-c", 'eval "$HOLDER"', "pact-node", root, hostname], {
    stdio: sealed("pipe", "pipe", "pipe"),
    // Not in the arguments, which fill the screen of whoever lists processes.
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8", HOLDER },
    cwd: "/",
    detached: true,
  });
  // A holder that is already gone answers a write or a close with EPIPE.
  child.stdin.on("error", () => {});
  const ended = outcome(child);
  const pid = await readyPid(child, ended);
  return hold(child, pid, ended);
}

async function readyPid(child: ChildProcess, ended: Promise<{ stderr: string }>): Promise<number> {
  const said = new Promise<number | undefined>((resolve) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
      const match = /^ready (\d+)$/m.exec(text);
      if (match?.[1] !== undefined) resolve(Number(match[1]));
    });
  });
  const pid = await Promise.race([said, ended.then(() => undefined)]);
  if (pid === undefined) throw new Error(lastLine((await ended).stderr) ?? "the namespace could not be made");
  return pid;
}

function hold(child: ChildProcess, pid: number, ended: Promise<unknown>): Namespace {
  // Entered through these, so that a pid used again can never lead a command elsewhere.
  const kinds = ["mnt", "uts", "pid", ...(process.getuid?.() === 0 ? [] : ["user"])];
  const open = new Map(kinds.map((kind) => [kind, openSync(`/proc/${pid}/ns/${kind}`, "r")]));
  let alive = true;
  child.once("exit", () => (alive = false));
  const gone = ended.then(() => {
    alive = false;
    for (const fd of open.values()) closeSync(fd);
    open.clear();
  });
  const through = (kind: string): string => `/proc/${process.pid}/fd/${open.get(kind)}`;
  return {
    pid,
    get alive() {
      return alive;
    },
    view: `/proc/${pid}/root`,
    enter(program, args, { mayMount = false, alone = false } = {}) {
      const user = open.has("user") ? [`--user=${through("user")}`, "--preserve-credentials"] : [];
      const kept = ["-all", ...[...KEPT, ...(mayMount ? ["sys_admin"] : [])].map((name) => `+${name}`)].join(",");
      const privileges = [`--bounding-set=${kept}`, "--inh-caps=-all", "--no-new-privs"];
      const places = [`--mount=${through("mnt")}`, `--uts=${through("uts")}`, `--pid=${through("pid")}`];
      const own = alone ? [UNSHARE, "-p", "-f", "--kill-child", "--"] : [];
      return { file: NSENTER, args: [...user, ...places, "--", ...own, SETPRIV, ...privileges, "--", program, ...args] };
    },
    async close() {
      child.stdin?.destroy();
      child.kill("SIGKILL");
      await gone;
    },
  };
}
