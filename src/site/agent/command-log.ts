// The record of one shell session: what was typed, line by line, and what ran. A line
// or program goes ahead only after its record is safe.
import { decide, type Decision, type ServiceDecision } from "./decide.ts";
import type { Visit } from "./call.ts";
import type { Gate, GateAnswer } from "./gate.ts";
import { commandText, entryOf, type AgentNode } from "./node.ts";
import { asRefusal, type Refusal } from "./refusal.ts";
import { answerPlan, checkWindow } from "./service-answer.ts";

export interface CommandLog {
  /** For the reader of lines. */
  readonly lineKey: string;
  /** For the programs. */
  readonly runKey: string;
  /** Lines so far. */
  readonly count: number;
  /** Settles when a record could not be kept. */
  readonly broken: Promise<void>;
  close(): void;
}

export function openCommandLog(node: AgentNode, visit: Visit, gate: Gate, sid: string): CommandLog {
  let count = 0;
  let lastLine = "";
  let fail: () => void = () => {};
  const broken = new Promise<void>((resolve) => (fail = resolve));
  const keep = async (text: string, refusal: Refusal | undefined, what: string): Promise<boolean> => {
    try {
      const denied = refusal === undefined ? "" : ` denied: ${refusal.message}`;
      await node.spool.append(entryOf(node, visit.caller, "ENTRY_TYPE_EXEC_LOG", `shell:${sid} ${text.slice(0, 3500)}${denied}`));
      await audit(node, visit, `node:${node.name} shell:${sid} ${what}`.slice(0, 1024), refusal);
      return true;
    } catch {
      fail();
      return false;
    }
  };
  const line = gate.open(async ([kind, text = ""]): Promise<GateAnswer> => {
    if (kind !== "line") return { deny: "that is no question" };
    count += 1;
    lastLine = text.trim().replace(/\s+/g, " ");
    return (await keep(text, undefined, `line ${text}`)) ? { run: [] } : { deny: "it could not be recorded" };
  });
  const run = gate.open(async ([name = "", ...args]): Promise<GateAnswer> => {
    const text = commandText([name, ...args]);
    let decision: Decision;
    try {
      decision = decide(node, visit.caller, name, args, { terminal: true });
      if ("plan" in decision) await checkWindow(node, decision.plan);
    } catch (error) {
      const refusal = asRefusal(error);
      await keep(text, refusal, text);
      return { deny: refusal.message };
    }
    // A line that is just this program is in the journal already.
    const known = lastLine === text || lastLine === [name, ...args].join(" ");
    const kept = known
      ? await audit(node, visit, `node:${node.name} shell:${sid} ${text}`.slice(0, 1024), undefined).then(() => true, () => { fail(); return false; })
      : await keep(text, undefined, text);
    if (!kept) return { deny: "it could not be recorded" };
    if (decision.changes && node.kind === "virtual") node.window.open(1);
    return { run: "plan" in decision ? await saying(node, visit, name, decision) : [decision.program, ...decision.args] };
  });
  return {
    lineKey: line.key,
    runKey: run.key,
    get count() {
      return count;
    },
    broken,
    close() {
      line.close();
      run.close();
    },
  };
}

/** Bytes of an answer that fit into one argument of a program. */
const MOST_SAID = 100_000;

/** The program that says what the supervisor answers. */
async function saying(node: AgentNode, visit: Visit, name: string, { plan }: ServiceDecision): Promise<string[]> {
  const { supervisor } = node;
  if (supervisor === undefined) return ["/bin/false"];
  const { stdout, stderr, exitCode } = await answerPlan(node, supervisor, visit.caller, plan).catch((error: unknown) =>
    ({ stdout: "", stderr: `${asRefusal(error).message}\n`, exitCode: 1 }));
  const tail = Buffer.from(stdout.replaceAll("\0", "\ufffd")).subarray(-MOST_SAID).toString("utf8");
  return ["/bin/bash", "-p", "-c", `printf %s "$1"; printf %s "$2" >&2; exit "$3"`, name, tail, stderr, String(exitCode)];
}

function audit(node: AgentNode, visit: Visit, target: string, refusal: Refusal | undefined): Promise<void> {
  const { principal, principalType, role } = visit.caller;
  return node.desk.audit({
    time: new Date(node.desk.clock.now()).toISOString(),
    request_id: visit.requestId,
    principal,
    principal_type: principalType,
    role,
    rpc: visit.rpc,
    target,
    outcome: refusal === undefined ? "ok" : "denied",
    reason: refusal?.message ?? "",
  });
}
