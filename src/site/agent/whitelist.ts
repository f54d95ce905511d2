// The one table of commands a node runs: names, what they are for, and which arguments
// are allowed (S1). Everything that starts a program on a node asks here first.
import { anyArguments, diffRule, dmesgRule, fileRule, grepRule, lsblkRule, lscpuRule, lspciRule, psRule, wcRule } from "./rules-files.ts";
import { ethtoolRule, hostnameRule, ipRule, pingRule, ssRule, tracerouteRule } from "./rules-network.ts";
import {
  htopRule, journalctlRule, modprobeRule, mountRule, nvidiaRule, rocmRule, sysctlRule, systemctlRule, topRule, umountRule,
} from "./rules-system.ts";
import type { ArgumentRule } from "./verdict.ts";

export interface CommandRule {
  readonly description: string;
  /** What ListCommands says: some uses of it change the node. */
  readonly changes: boolean;
  readonly judge: ArgumentRule;
}

const reads = (description: string, judge: ArgumentRule = anyArguments): CommandRule => ({ description, changes: false, judge });
const changes = (description: string, judge: ArgumentRule): CommandRule => ({ description, changes: true, judge });

/** Sorted by name, as ListCommands answers. */
export const WHITELIST: Readonly<Record<string, CommandRule>> = {
  cat: reads("show files"),
  df: reads("space of file systems"),
  diff: reads("compare files", diffRule),
  dmesg: reads("kernel messages", dmesgRule),
  echo: reads("print words"),
  ethtool: reads("settings of a network device", ethtoolRule),
  file: reads("kind of a file", fileRule),
  free: reads("memory in use"),
  grep: reads("lines that match", grepRule),
  head: reads("first lines of files"),
  hostname: reads("name of the node", hostnameRule),
  htop: reads("processes, on a terminal", htopRule),
  ip: changes("addresses, links and routes", ipRule),
  journalctl: reads("the system's log", journalctlRule),
  ls: reads("list files"),
  lsblk: reads("block devices", lsblkRule),
  lscpu: reads("processors", lscpuRule),
  lsmod: reads("kernel modules"),
  lspci: reads("PCI devices", lspciRule),
  md5sum: reads("MD5 of files"),
  modprobe: changes("load or remove a kernel module", modprobeRule),
  mount: changes("show or make mounts", mountRule),
  "nvidia-smi": reads("NVIDIA GPUs", nvidiaRule),
  ping: reads("reach another host", pingRule),
  ps: reads("processes", psRule),
  "rocm-smi": reads("AMD GPUs", rocmRule),
  sha256sum: reads("SHA-256 of files"),
  ss: reads("sockets", ssRule),
  stat: reads("facts about files"),
  sysctl: changes("show or set kernel settings", sysctlRule),
  systemctl: changes("look at and control services", systemctlRule),
  tail: reads("last lines of files"),
  top: reads("busiest processes", topRule),
  traceroute: reads("way to another host", tracerouteRule),
  umount: changes("take a mount away", umountRule),
  uname: reads("kernel and machine"),
  uptime: reads("how long the node is up"),
  wc: reads("count lines, words, bytes", wcRule),
};

/** The rule of a command; names are matched literally, so a path is never on the list. */
export function ruleOf(command: string): CommandRule | undefined {
  return Object.hasOwn(WHITELIST, command) ? WHITELIST[command] : undefined;
}
