// Argument rules of the commands that look at the network: bounded, no other namespaces, no batch files.
import { forbiddenOption, optionsOf } from "./options.ts";
import { CHANGE, READ, refuse, type ArgumentRule, type Verdict } from "./verdict.ts";

const IP_OBJECTS: ReadonlySet<string> = new Set([
  "a", "addr", "address", "l", "link", "r", "ro", "route", "n", "neigh", "neighbor", "neighbour", "ru", "rule", "m", "maddr", "maddress",
]);
const IP_SHOW: ReadonlySet<string> = new Set(["s", "sh", "show", "l", "ls", "lst", "list", "g", "get"]);
const IP_CHANGE: ReadonlySet<string> = new Set(["add", "a", "del", "d", "delete", "set", "change", "chg", "replace", "append", "prepend", "flush", "f"]);
/** Words that load code, move devices away or read other files. */
const IP_NEVER: ReadonlySet<string> = new Set(["netns", "exec", "xdp", "xdpgeneric", "xdpdrv", "xdpoffload", "save", "restore", "showdump", "vrf", "object", "pinned"]);
const IP_FLAGS = /^-(?:[46sdojphr0]|br|brief|stats|statistics|details|oneline|json|pretty|human|iec|c|color|resolve|N|Numeric|t|timestamp|ts)$|^-(?:color)=(?:auto|always|never)$/;

/** `ip [flags] address|link|route|neighbour|rule|maddress [show|…]`. */
export const ipRule: ArgumentRule = (args) => {
  let at = 0;
  for (; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (arg === "-f" || arg === "-family") at += 1;
    else if (arg.startsWith("-")) {
      if (!IP_FLAGS.test(arg.replace(/^--/, "-"))) return refuse(`option ${arg} is not allowed`);
    } else break;
  }
  const [object, verb, ...rest] = args.slice(at);
  if (object === undefined) return READ;
  if (!IP_OBJECTS.has(object)) return refuse(`ip ${object} is not allowed`);
  const never = [verb ?? "", ...rest].find((word) => IP_NEVER.has(word));
  if (never !== undefined) return refuse(`ip ${object} … ${never} is not allowed`);
  if (verb === undefined || IP_SHOW.has(verb)) return READ;
  return IP_CHANGE.has(verb) ? CHANGE : refuse(`ip ${object} ${verb} is not allowed`);
};

/** -K closes connections, -D writes a file, -F reads one, -N enters another namespace. */
export const ssRule: ArgumentRule = (args) => {
  const bad = forbiddenOption(optionsOf(args, "fADFN"), "KDFN", ["kill", "diag", "filter", "net"]);
  return bad === undefined ? READ : refuse(`option ${bad} is not allowed`);
};

const ETHTOOL_SHOW = /^(?:-[aciglkPSTmndeuxh]|--show-[a-z0-9-]+|--driver|--statistics|--module-info|--eeprom-dump|--register-dump|--help|--version|--json|-I|--include-statistics)$/;
const ETHTOOL_SET = /^(?:-[sKACGLNXWQ]|--change|--features|--offload|--pause|--coalesce|--set-[a-z0-9-]+)$/;

/** Showing by the listed options; flashing, resetting, blinking and testing never. */
export const ethtoolRule: ArgumentRule = (args) => {
  const first = args[0];
  if (first === undefined || !first.startsWith("-")) return args.length <= 1 ? READ : refuse("only one device and no further words");
  if (ETHTOOL_SHOW.test(first)) return args.slice(1).some((word) => word === "file") ? refuse("reading a file is not allowed") : READ;
  return ETHTOOL_SET.test(first) ? CHANGE : refuse(`option ${first} is not allowed`);
};

/** Longest run of ping, in packets. */
const MOST_PINGS = 100;

/** Bounded: a count is added when there is none; no flooding, no broadcast. */
export const pingRule: ArgumentRule = (args): Verdict => {
  const options = optionsOf(args, "cIiQslmMpStTwWFe");
  const bad = forbiddenOption(options, "fblmS", ["flood"]);
  if (bad !== undefined) return refuse(`option ${bad} is not allowed`);
  const every = options.values.get("i");
  if (every !== undefined && !(Number(every) >= 0.2)) return refuse("an interval below 0.2 s is not allowed");
  const count = options.values.get("c");
  if (count === undefined) return { kind: "read", args: ["-c", "4", ...args] };
  return Number(count) >= 1 && Number(count) <= MOST_PINGS ? READ : refuse(`-c takes 1 to ${MOST_PINGS}`);
};

/** -g sets a source route; -M and -O choose a method and pass it options; -z and -q bound the load. */
export const tracerouteRule: ArgumentRule = (args) => {
  const bad = forbiddenOption(optionsOf(args, "fgimNpqstwzMOP"), "gMO", ["gateway", "module", "options"]);
  return bad === undefined ? READ : refuse(`option ${bad} is not allowed`);
};

/** Shows the name; setting it is a change of the node that no window covers. */
export const hostnameRule: ArgumentRule = (args) => {
  const options = optionsOf(args, "F");
  if (options.operands.length > 0) return refuse("setting the host name is not allowed");
  const bad = forbiddenOption(options, "Fb", ["file", "boot"]);
  return bad === undefined ? READ : refuse(`option ${bad} is not allowed`);
};
