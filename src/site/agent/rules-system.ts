// Argument rules of the commands that touch the running system: kernel, mounts, services, logs.
import { forbiddenOption, optionsOf, usesOption } from "./options.ts";
import { CHANGE, READ, refuse, type ArgumentRule } from "./verdict.ts";

const SERVICE_READS = /^(?:status|show|cat|help|is-[a-z]+|list-[a-z-]+|get-default)$/;
const SERVICE_CHANGES: ReadonlySet<string> = new Set([
  "start", "stop", "restart", "try-restart", "reload", "reload-or-restart", "try-reload-or-restart", "enable", "disable", "reenable", "mask", "unmask",
  "reset-failed", "daemon-reload",
]);

/** Looks at services, or starts and stops them; never the machine, another machine, or an editor. */
export const systemctlRule: ArgumentRule = (args) => {
  const options = optionsOf(args, "HMtpPnos", ["type", "state", "property", "lines", "output", "signal", "job-mode"]);
  const bad = forbiddenOption(options, "HM", ["host", "machine", "root", "image", "image-policy"]);
  if (bad !== undefined) return refuse(`option ${bad} is not allowed`);
  const verb = options.operands[0] ?? "list-units";
  if (SERVICE_READS.test(verb)) return READ;
  return SERVICE_CHANGES.has(verb) ? CHANGE : refuse(`systemctl ${verb} is not allowed`);
};

/** Reads the node's own journal; never shortens, moves or verifies it, nor reads another. */
export const journalctlRule: ArgumentRule = (args) => {
  const options = optionsOf(args, "nuptoMDScUbi", ["lines", "unit", "priority", "identifier", "output", "since", "until", "cursor", "grep", "boot"]);
  const bad = forbiddenOption(options, "MDi", [
    "vacuum-size", "vacuum-time", "vacuum-files", "rotate", "flush", "sync", "relinquish-var", "smart-relinquish-var", "setup-keys", "update-catalog",
    "verify", "verify-key", "root", "image", "image-policy", "directory", "file", "machine", "cursor-file", "namespace", "interval", "force",
  ]);
  return bad === undefined ? READ : refuse(`option ${bad} is not allowed`);
};

const SYSCTL_KEY = /^[A-Za-z0-9_][A-Za-z0-9_.:/@*-]*$/;

/** Reads keys; `-w KEY=VALUE` or `KEY=VALUE` sets them. Files of settings are not loaded. */
export const sysctlRule: ArgumentRule = (args) => {
  const options = optionsOf(args, "rf");
  const bad = forbiddenOption(options, "pf", ["load", "system"]);
  if (bad !== undefined) return refuse(`option ${bad} is not allowed`);
  for (const operand of options.operands) {
    const [key = ""] = operand.split("=", 1);
    if (!SYSCTL_KEY.test(key) || key.includes("..")) return refuse(`${JSON.stringify(key)} is not a key`);
  }
  const sets = options.operands.some((operand) => operand.includes("=")) || usesOption(options, "w", ["write"]);
  return sets ? CHANGE : READ;
};

const MODULE = /^[A-Za-z0-9_-]+$/;

/** Loads or removes a module by name, with plain parameters; forcing and other configurations never. */
export const modprobeRule: ArgumentRule = (args) => {
  const options = optionsOf(args, "CdS");
  const bad = forbiddenOption(options, "CdSfiDR", ["config", "dirname", "set-version", "force", "force-vermagic", "force-modversion", "ignore-install", "ignore-remove"]);
  if (bad !== undefined) return refuse(`option ${bad} is not allowed`);
  const [module, ...parameters] = options.operands;
  if (module !== undefined && !MODULE.test(module)) return refuse("a module is given by its name");
  if (parameters.some((word) => !/^[A-Za-z0-9_.-]+(?:=[A-Za-z0-9_.,:-]*)?$/.test(word))) return refuse("a parameter is NAME=VALUE");
  return usesOption(options, "ncV", ["dry-run", "simulate", "show", "show-config", "version"]) ? READ : CHANGE;
};

const MOUNT_TYPES: ReadonlySet<string> = new Set(["tmpfs", "nfs", "nfs4", "lustre"]);
const MOUNT_OPTION = /^(?:ro|rw|nosuid|nodev|noexec|noatime|relatime|nodiratime|hard|soft|flock|noflock|localflock|(?:size|mode|nr_inodes|vers|nfsvers|proto|rsize|wsize|timeo|retrans)=[A-Za-z0-9.%]+)$/;
/** What the node itself stands on; nothing is mounted over it, nothing of it goes away. */
const FIXED = /^\/(?:$|(?:usr|bin|sbin|lib|lib32|lib64|libx32|proc|sys|dev|tmp|run\/pact)(?:\/|$))/;

/** Absolute, already in its shortest form, and not a part of what the node stands on. */
function mayHoldMount(path: string): boolean {
  return path.startsWith("/") && !/\/\.{0,2}(?:\/|$)/.test(path) && !FIXED.test(path);
}

/** Without arguments shows what is mounted; mounts only listed kinds with listed options. */
export const mountRule: ArgumentRule = (args) => {
  const options = optionsOf(args, "toLUOTN");
  const stray = options.shorts.find((letter) => !"tovrwnl".includes(letter)) ?? options.longs[0];
  if (stray !== undefined) return refuse(`option ${stray} is not allowed`);
  if (options.operands.length === 0) return options.values.has("o") ? refuse("what and where to mount is missing") : READ;
  const [source, target] = options.operands;
  if (options.operands.length !== 2 || source === undefined || target === undefined) return refuse("a mount is given by its source and its place");
  const kind = options.values.get("t");
  if (kind === undefined || !MOUNT_TYPES.has(kind)) return refuse(`-t takes ${[...MOUNT_TYPES].join(", ")}`);
  if (args.filter((arg) => arg.startsWith("-o") || arg.startsWith("-t")).length > 2) return refuse("-o and -t are given once");
  const word = (options.values.get("o") ?? "").split(",").find((option) => option !== "" && !MOUNT_OPTION.test(option));
  if (word !== undefined) return refuse(`mount option ${JSON.stringify(word)} is not allowed`);
  if (source.startsWith("/")) return refuse("devices and folders of the machine are not mounted");
  return mayHoldMount(target) ? CHANGE : refuse(`nothing is mounted at ${target}`);
};

/** Takes one mount away, by its place. */
export const umountRule: ArgumentRule = (args) => {
  const options = optionsOf(args, "tON");
  const stray = options.shorts.find((letter) => !"lfvn".includes(letter)) ?? options.longs[0];
  if (stray !== undefined) return refuse(`option ${stray} is not allowed`);
  const [target] = options.operands;
  if (options.operands.length !== 1 || target === undefined) return refuse("a mount is given by its place");
  return mayHoldMount(target) ? CHANGE : refuse(`${target} stays mounted`);
};

/** Once and as text, unless on a terminal. */
export const topRule: ArgumentRule = (args, { terminal }) => {
  if (terminal) return READ;
  const options = optionsOf(args, "dnupUoEew", []);
  const bounded: string[] = [...args];
  const count = options.values.get("n");
  if (count !== undefined && !(Number(count) >= 1 && Number(count) <= 100)) return refuse("-n takes 1 to 100");
  if (count === undefined) bounded.unshift("-n", "1");
  if (!options.shorts.includes("b")) bounded.unshift("-b");
  return { kind: "read", args: bounded };
};

/** A full-screen program; it has no other form. */
export const htopRule: ArgumentRule = (args, { terminal }) => {
  const informs = args.length === 1 && ["-V", "--version", "-h", "--help"].includes(args[0] ?? "");
  return terminal || informs ? READ : refuse("htop needs a terminal; try top");
};

const NVIDIA_READS = /^(?:-L|-q|-x|-i|-d|-B|--list-gpus|--query|--xml-format|--id|--display|--(?:query|format|id|display|help)[a-z-]*=.*|topo|-m|nvlink|-s|--status|--version|-h)$/;
const NVIDIA_SETS = /^(?:-pm|-pl|-lgc|-rgc|-lmc|-rmc|-e|-r|-c|--(?:persistence-mode|power-limit|lock-gpu-clocks|reset-gpu-clocks|ecc-config|gpu-reset|compute-mode)(?:=.*)?)$/;

/** Shows; sets by the listed options. -f would write a file. */
export const nvidiaRule: ArgumentRule = (args) => {
  let kind = READ;
  for (const arg of args) {
    if (/^[A-Za-z0-9,.:]+$/.test(arg) || NVIDIA_READS.test(arg)) continue;
    if (!NVIDIA_SETS.test(arg)) return refuse(`option ${arg} is not allowed`);
    kind = CHANGE;
  }
  return kind;
};

/** Shows; `--set…` and `--reset…` change, and files are neither loaded nor saved. */
export const rocmRule: ArgumentRule = (args) => {
  let kind = READ;
  for (const arg of args) {
    if (/^[A-Za-z0-9,.:]+$/.test(arg) || /^(?:-[aitcgfupPSlvMbdh]|--(?:show[a-z]*|json|csv|all[a-z]*|help|version|device))$/.test(arg)) continue;
    if (!/^--(?:set|reset)[a-z]+$/.test(arg)) return refuse(`option ${arg} is not allowed`);
    kind = CHANGE;
  }
  return kind;
};
