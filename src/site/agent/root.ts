// The files of a virtual node: made once, kept ever after. What stands here when the
// root is made is what the node declares; everything later is drift until committed.
import { chmodSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ANSWERED } from "./service-plan.ts";
import { RUN_SCRIPT, SESSION_SCRIPT } from "./shell-scripts.ts";
import { WHITELIST } from "./whitelist.ts";

/** Where programs are looked for, in the order of PATH. */
export const PROGRAM_FOLDERS: readonly string[] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
/** Where a virtual node sees its shell's folder. */
export const NODE_SHELL = "/run/pact";
export const NODE_PATH = PROGRAM_FOLDERS.join(":");

/** Keys a node has under /proc/sys, so that programs find what they need and drift can be seen. */
export const NODE_SYSCTL: readonly string[] = [
  "fs.file-max", "kernel.cap_last_cap", "kernel.hostname", "kernel.osrelease", "kernel.ostype", "kernel.panic", "kernel.pid_max", "kernel.threads-max",
  "net.core.rmem_max", "net.core.somaxconn", "net.core.wmem_max", "net.ipv4.ip_forward", "net.ipv4.tcp_syncookies", "vm.dirty_ratio",
  "vm.max_map_count", "vm.nr_hugepages", "vm.overcommit_memory", "vm.swappiness",
];

/** Path of a key's file below a root. */
export function sysctlFile(root: string, key: string): string {
  return join(root, "proc/sys", key.replaceAll(".", "/"));
}

/** The program a whitelisted name stands for, without links, or undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  for (const folder of PROGRAM_FOLDERS) {
    const path = join(folder, name);
    if (!existsSync(path)) continue;
    // Alternatives lead through /etc, which a virtual node has of its own.
    return realpathSync(path);
  }
  return undefined;
}

/** Makes the root below the node's folder unless it is there; answers whether it was made. */
export function makeRoot(root: string, node: string, watchSysctl: readonly string[]): boolean {
  const isNew = !existsSync(join(root, "etc"));
  for (const folder of ["etc", "var/log", "opt", "proc/sys", "run/pact/logs"]) {
    mkdirSync(join(root, folder), { recursive: true, mode: 0o755 });
  }
  if (isNew) for (const [path, text] of firstFiles(node)) put(join(root, path), text);
  for (const key of new Set([...NODE_SYSCTL, ...watchSysctl])) {
    const file = sysctlFile(root, key);
    if (!existsSync(file)) put(file, key === "kernel.hostname" ? `${node}\n` : hostValue(key));
  }
  makeShellFolder(join(root, "run/pact"), NODE_SHELL);
  return isNew;
}

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  writeFileSync(path, text, { mode: 0o644 });
}

function hostValue(key: string): string {
  try {
    return readFileSync(sysctlFile("/", key), "utf8");
  } catch {
    return "0\n";
  }
}

function firstFiles(node: string): [string, string][] {
  return [
    ["etc/hostname", `${node}\n`],
    ["etc/hosts", `127.0.0.1 localhost\n127.0.1.1 ${node}\n`],
    ["etc/passwd", "root:x:0:0:root:/tmp:/bin/bash\nnobody:x:65534:65534:nobody:/:/bin/false\n"],
    ["etc/group", "root:x:0:\nnogroup:x:65534:\n"],
    ["etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"],
    ["etc/os-release", hostText("/etc/os-release") ?? 'NAME="Linux"\nID=linux\n'],
    ["etc/sysctl.conf", "# key = value\n"],
    ["etc/resolv.conf", "# names are looked up in /etc/hosts\n"],
    ["etc/fstab", "# device  place  type  options\n"],
    ["etc/security/limits.conf", "# who  kind  item  value\n"],
    ["run/pact/mounts.toml", '# mounts this node claims\n# [mounts]\n# "/scratch" = { type = "lustre", source = "mgs@o2ib:/scratch", options = "flock", read_only = false }\n'],
    ["run/pact/services.toml", '# services of this node\n# [services.chronyd]\n# binary = "/usr/sbin/chronyd"\n# args = ["-d"]\n# restart = "always"\n'],
  ];
}

function hostText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/**
 * Makes what a shell needs below a folder: bin/, its only PATH, where every installed
 * program of the whitelist leads to the one that asks first; and lib/, the two scripts.
 * `seen` is the folder as the node sees it.
 */
export function makeShellFolder(folder: string, seen: string): void {
  const bin = join(folder, "bin");
  const lib = join(folder, "lib");
  rmSync(bin, { recursive: true, force: true });
  mkdirSync(bin, { recursive: true, mode: 0o755 });
  mkdirSync(lib, { recursive: true, mode: 0o755 });
  const known = (name: string): boolean => (seen === NODE_SHELL && ANSWERED.has(name)) || findProgram(name) !== undefined;
  for (const name of Object.keys(WHITELIST)) if (known(name)) symlinkSync(join(seen, "lib/run"), join(bin, name));
  for (const [name, text] of [["run", RUN_SCRIPT], ["session", SESSION_SCRIPT]] as const) {
    writeFileSync(join(lib, name), text);
    chmodSync(join(lib, name), 0o755);
  }
}
