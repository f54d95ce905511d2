// What systemctl and journalctl answer on a virtual node: from its supervisor, in the words
// and with the exit codes operators know. Starts, stops and restarts are recorded.
import type { Caller } from "../parts.ts";
import { entryOf, type AgentNode } from "./node.ts";
import { Refusal } from "./refusal.ts";
import type { ServiceState, ServiceStatus } from "./service.ts";
import { DEFINITIONS } from "./service-file.ts";
import { endOfLog, LOG_BYTES } from "./service-log.ts";
import type { ServicePlan } from "./service-plan.ts";
import type { Supervisor } from "./supervisor.ts";

export interface Answer {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** systemctl's exit codes: not running, not known, and not known to one who wanted to change it. */
const NOT_ACTIVE = 3;
const NOT_KNOWN = 4;
const NOTHING_TO_CHANGE = 5;

const ACTIVE: Readonly<Record<ServiceState, readonly [string, string]>> = {
  Starting: ["activating", "start"],
  Running: ["active", "running"],
  Stopping: ["deactivating", "stop-sigterm"],
  Stopped: ["inactive", "dead"],
  Failed: ["failed", "failed"],
  Restarting: ["activating", "auto-restart"],
};

/** Refuses a restart after the window: what changed is to be committed first. */
export async function checkWindow(node: AgentNode, plan: ServicePlan): Promise<void> {
  if (plan.verb !== "restart" || node.profile !== "embedded" || node.window.now().state !== "expired") return;
  const count = (await node.drift?.fresh())?.count ?? 0;
  if (count === 0) return;
  const changes = count === 1 ? "1 change there is" : `${count} changes there are`;
  throw new Refusal("policy", `access denied by policy: the commit window of ${node.name} is over and ${changes} not committed`, `pact commit --node ${node.name} -m "…"`);
}

export async function answerPlan(node: AgentNode, supervisor: Supervisor, caller: Caller, plan: ServicePlan): Promise<Answer> {
  if (plan.verb === "logs") return logs(node, supervisor, plan.name, plan.lines);
  const all = await supervisor.statuses();
  if (plan.verb === "status") return plan.brief ? list(all, plan.names) : status(node, supervisor, all, plan.names);
  if (plan.verb === "is-active") return active(all, plan.names);
  const { verb } = plan;
  const ends = await Promise.all(plan.names.map((name) => change(node, supervisor, caller, verb, name, all)));
  return { stdout: "", stderr: ends.map(({ said }) => said).join(""), exitCode: Math.max(0, ...ends.map(({ code }) => code)) };
}

async function change(
  node: AgentNode, supervisor: Supervisor, caller: Caller, verb: "start" | "stop" | "restart", name: string, all: readonly ServiceStatus[],
): Promise<{ said: string; code: number }> {
  if (!all.some(({ definition }) => definition.name === name)) {
    return { said: `Failed to ${verb} ${name}.service: Unit ${name}.service not found.\n`, code: NOTHING_TO_CHANGE };
  }
  const failure = await supervisor[verb](name).then(() => undefined, (error: unknown) => (error instanceof Error ? error.message : String(error)));
  const pid = (await supervisor.statuses()).find(({ definition }) => definition.name === name)?.pid;
  const outcome = failure !== undefined ? ` failed: ${failure}` : pid === undefined ? "" : ` pid=${pid}`;
  await node.spool.append(entryOf(node, caller, "ENTRY_TYPE_SERVICE_LIFECYCLE", `service:${verb}:${name}${outcome}`));
  if (failure === undefined) return { said: "", code: 0 };
  return { said: `Job for ${name}.service failed: ${failure}\nSee "journalctl -u ${name}" for what it said.\n`, code: 1 };
}

function active(all: readonly ServiceStatus[], names: readonly string[]): Answer {
  const words = names.map((name) => all.find(({ definition }) => definition.name === name)?.state);
  return {
    stdout: words.map((state) => `${state === undefined ? "inactive" : ACTIVE[state][0]}\n`).join(""),
    stderr: "",
    exitCode: words.some((state) => state === "Running") ? 0 : NOT_ACTIVE,
  };
}

function list(all: readonly ServiceStatus[], names: readonly string[]): Answer {
  const rows = all.filter(({ definition }) => names.length === 0 || names.includes(definition.name)).map(({ definition, state }) =>
    [`${definition.name}.service`, "loaded", ...ACTIVE[state], commandOf(definition)]);
  const table = [["UNIT", "LOAD", "ACTIVE", "SUB", "DESCRIPTION"], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" ").trimEnd());
  return { stdout: `${lines.join("\n")}\n\n${rows.length} loaded units listed.\n`, stderr: "", exitCode: 0 };
}

function status(node: AgentNode, supervisor: Supervisor, all: readonly ServiceStatus[], names: readonly string[]): Answer {
  const now = node.desk.clock.now();
  if (names.length === 0) return { stdout: all.map((one) => block(one, now, supervisor)).join("\n") || `no services: ${DEFINITIONS} defines none\n`, stderr: "", exitCode: 0 };
  let exitCode = 0;
  let stderr = "";
  const blocks: string[] = [];
  for (const name of names) {
    const one = all.find(({ definition }) => definition.name === name);
    if (one === undefined) stderr += `Unit ${name}.service could not be found.\n`;
    else blocks.push(block(one, now, supervisor));
    if (one?.state !== "Running") exitCode = Math.max(exitCode, one === undefined ? NOT_KNOWN : NOT_ACTIVE);
  }
  return { stdout: blocks.join("\n"), stderr, exitCode };
}

function block({ definition, state, pid, since, restarts, why }: ServiceStatus, now: number, supervisor: Supervisor): string {
  const { name, restart } = definition;
  const [active, sub] = ACTIVE[state];
  const trouble = supervisor.logTrouble(name);
  const mark = state === "Running" ? "●" : state === "Failed" ? "×" : "○";
  return [
    `${mark} ${name}.service - ${commandOf(definition)}`,
    `     Loaded: loaded (${DEFINITIONS}; restart ${restart})`,
    `     Active: ${active} (${sub}) since ${new Date(since).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC")}; ${age(now - since)} ago`,
    ...(pid === undefined ? [] : [`   Main PID: ${pid}`]),
    `   Restarts: ${restarts}`,
    ...(why === "" ? [] : [`     Reason: ${why}`]),
    ...(trouble === undefined ? [] : [`        Log: not kept: ${trouble}`]),
  ].map((line) => `${line}\n`).join("");
}

function commandOf({ binary, args }: ServiceStatus["definition"]): string {
  const text = [binary, ...args].join(" ").replace(/[\x00-\x1f\x7f]/g, " ");
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}

function age(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}min ${s % 60}s`;
  return s < 86_400 ? `${Math.floor(s / 3600)}h ${Math.floor((s % 3600) / 60)}min` : `${Math.floor(s / 86_400)}d ${Math.floor((s % 86_400) / 3600)}h`;
}

async function logs(node: AgentNode, supervisor: Supervisor, name: string, lines: number | undefined): Promise<Answer> {
  const { text } = await endOfLog(node.place.root, name, 2 * LOG_BYTES);
  if (text === "" && !(await supervisor.statuses()).some(({ definition }) => definition.name === name)) {
    return { stdout: "", stderr: `there is no service ${name}, and no log of one\n`, exitCode: 1 };
  }
  const all = text.split("\n");
  if (all.at(-1) === "") all.pop();
  const last = lines === undefined ? all : lines === 0 ? [] : all.slice(-lines);
  return { stdout: last.map((line) => `${line}\n`).join("") || (lines === 0 ? "" : "-- No entries --\n"), stderr: "", exitCode: 0 };
}
