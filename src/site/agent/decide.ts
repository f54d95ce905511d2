// Whether a caller may run a command with these arguments on a node. The order is part
// of the contract: whitelist, role, arguments. Exec and the shell both ask here.
import type { Caller } from "../parts.ts";
import { mayDo, rolesFor, type Need } from "./access.ts";
import type { AgentNode } from "./node.ts";
import { Refusal } from "./refusal.ts";
import { findProgram } from "./root.ts";
import { sensitiveArgument } from "./sensitive.ts";
import { ANSWERED, planOf, type ServicePlan } from "./service-plan.ts";
import type { RuleContext, Verdict } from "./verdict.ts";
import { ruleOf, WHITELIST } from "./whitelist.ts";

export interface ProgramDecision {
  /** Full path of the program. */
  readonly program: string;
  readonly args: readonly string[];
  readonly changes: boolean;
  /** Whether it needs the right to change mounts. */
  readonly mounts: boolean;
}

/** The node's supervisor answers; nothing is run. */
export interface ServiceDecision {
  readonly plan: ServicePlan;
  readonly changes: boolean;
}

export type Decision = ProgramDecision | ServiceDecision;

/** Longest command line, bytes. */
const MOST_BYTES = 128 * 1024;

/** Throws the Refusal that says why not. */
export function decide(node: AgentNode, caller: Caller, command: string, args: readonly string[], context: RuleContext): Decision {
  const verdict = whitelisted(node, caller, command, args, context);
  requireRole(node, caller, command, verdict.kind === "change" ? "write" : "read");
  checkArguments(node, command, args);
  if (verdict.kind === "refuse") throw new Refusal("policy", `access denied: ${command}: ${verdict.why}`);
  if (verdict.kind === "change" && node.kind === "host") {
    throw new Refusal("policy", `access denied by policy: ${node.name} is the machine itself and is only observed`, "use a virtual node");
  }
  // A virtual node has no systemd of its own, and the machine's is none of its business.
  if (node.kind === "virtual" && ANSWERED.has(command)) {
    if (node.supervisor === undefined) throw new Refusal("unsupported", `${node.name} has no namespace of its own: no services run there`);
    return { plan: planOf(command, args), changes: verdict.kind === "change" };
  }
  const program = findProgram(command);
  if (program === undefined) throw new Refusal("notFound", `command '${command}' not found on PATH`);
  const mounts = verdict.kind === "change" && (command === "mount" || command === "umount");
  return { program, args: verdict.args ?? args, changes: verdict.kind === "change", mounts };
}

function whitelisted(node: AgentNode, caller: Caller, command: string, args: readonly string[], context: RuleContext): Verdict {
  const rule = ruleOf(command);
  if (rule !== undefined) return rule.judge(args, context);
  const admin = caller.role === "pact-platform-admin";
  const passes = node.profile === "real" ? admin : node.config.agent.whitelistMode === "bypass";
  // Only plain names are looked up, whoever asks.
  if (!passes || !/^[A-Za-z0-9][A-Za-z0-9._+-]*$/.test(command)) {
    throw new Refusal("notWhitelisted", `command '${command}' is not whitelisted`, suggestion(command));
  }
  return { kind: "change" };
}

function suggestion(command: string): string {
  const name = command.split("/").at(-1) ?? "";
  return command.includes("/") && Object.hasOwn(WHITELIST, name) ? `name it without its path: ${name}` : "Tab after exec NODE -- lists what may run";
}

function requireRole(node: AgentNode, caller: Caller, command: string, need: Need): void {
  if (!mayDo(caller, node.vcluster, need, node.profile)) throw new Refusal("forbidden", `${command}: ${rolesFor(node.vcluster, need)}`);
}

function checkArguments(node: AgentNode, command: string, args: readonly string[]): void {
  if ([command, ...args].some((word) => word.includes("\0"))) throw new Refusal("invalid", "an argument holds a NUL byte");
  if (args.reduce((sum, arg) => sum + Buffer.byteLength(arg) + 1, 0) > MOST_BYTES) throw new Refusal("invalid", "the arguments are too long");
  if (!node.place.walled && args.some((arg) => arg.includes("/"))) {
    throw new Refusal("unsupported", `${node.name} has no namespace of its own: arguments with a / are refused there`);
  }
  const bad = sensitiveArgument(command, args, { view: node.place.view(), forbidden: node.forbidden });
  if (bad !== undefined) throw new Refusal("policy", `access denied by policy: sensitive path in ${JSON.stringify(bad.slice(0, 200))}`);
}
