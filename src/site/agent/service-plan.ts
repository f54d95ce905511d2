// systemctl and journalctl as a virtual node knows them: no such programs run there, its
// supervisor answers. Here the words are understood, after the whitelist allowed them.
import { optionsOf } from "./options.ts";
import { Refusal } from "./refusal.ts";
import { SERVICE_NAME } from "./service-file.ts";

export type ServicePlan =
  /** No names: all services. `brief`: a line each. */
  | { readonly verb: "status"; readonly names: readonly string[]; readonly brief: boolean }
  | { readonly verb: "is-active" | "start" | "stop" | "restart"; readonly names: readonly string[] }
  /** `lines` undefined: all that is kept. */
  | { readonly verb: "logs"; readonly name: string; readonly lines: number | undefined };

/** Commands that are answered and not run on nodes with a supervisor. */
export const ANSWERED: ReadonlySet<string> = new Set(["systemctl", "journalctl"]);

const MOST_LINES = 100_000;

/** Throws the Refusal that says what is not known here. */
export function planOf(command: string, args: readonly string[]): ServicePlan {
  return command === "journalctl" ? logsPlan(args) : controlPlan(args);
}

function controlPlan(args: readonly string[]): ServicePlan {
  // Options that would be read in another way than the whitelist does are not known here at all.
  const { shorts, longs, operands } = optionsOf(args, "n", ["lines"]);
  const stray = shorts.find((letter) => !"alqn".includes(letter)) ?? longs.find((name) => !["all", "no-pager", "full", "quiet", "lines"].includes(name));
  if (stray !== undefined) throw new Refusal("unsupported", `systemctl: the supervisor of a virtual node has no option ${stray}`);
  const [verb = "list-units", ...words] = operands;
  const names = words.map(nameOf);
  if (verb === "list-units") return { verb: "status", names, brief: true };
  if (verb === "status") return { verb, names, brief: false };
  if (verb === "is-active" || verb === "start" || verb === "stop" || verb === "restart") {
    if (names.length === 0) throw new Refusal("invalid", `systemctl ${verb}: which service?`);
    return { verb, names: [...new Set(names)] };
  }
  throw new Refusal("unsupported", `systemctl ${verb}: the supervisor of a virtual node knows status, list-units, is-active, start, stop and restart`);
}

function logsPlan(args: readonly string[]): ServicePlan {
  const { shorts, longs, operands, values } = optionsOf(args, "nuo", ["lines", "unit", "output"]);
  const stray = shorts.find((letter) => !"nuoqaxe".includes(letter)) ?? longs.find((name) => !["lines", "unit", "output", "no-pager", "quiet", "all", "catalog", "pager-end"].includes(name));
  if (stray === "f" || stray === "follow") throw new Refusal("unsupported", "journalctl: a virtual node's logs are not followed here");
  if (stray !== undefined || operands.length > 0) throw new Refusal("unsupported", `journalctl: a virtual node keeps the output of its services only: journalctl -u NAME -n LINES`);
  const unit = values.get("u") ?? longValue(args, "unit");
  const count = values.get("n") ?? longValue(args, "lines");
  if (unit === undefined) throw new Refusal("invalid", "journalctl: which service? -u NAME");
  if (count !== undefined && count !== "all" && !(/^\d{1,6}$/.test(count) && Number(count) <= MOST_LINES)) throw new Refusal("invalid", `journalctl: -n takes 0 to ${MOST_LINES}`);
  return { verb: "logs", name: nameOf(unit), lines: count === undefined || count === "all" ? undefined : Number(count) };
}

/** Of `--NAME=VALUE` or `--NAME VALUE`, as given last. */
function longValue(args: readonly string[], name: string): string | undefined {
  const at = args.findLastIndex((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
  return at < 0 ? undefined : args[at]?.includes("=") ? args[at].slice(name.length + 3) : args[at + 1];
}

function nameOf(word: string): string {
  const name = word.replace(/\.service$/, "");
  if (!SERVICE_NAME.test(name)) throw new Refusal("invalid", `${JSON.stringify(word.slice(0, 80))} is not the name of a service`);
  return name;
}
