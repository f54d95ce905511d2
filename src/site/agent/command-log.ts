// The record of one shell session: what was typed, line by line, and what ran. A line
// or program goes ahead only after its record is safe.
import { decide, type Decision } from "./decide.ts";
import type { Visit } from "./call.ts";
import type { Gate, GateAnswer } from "./gate.ts";
import { commandText, entryOf, type AgentNode } from "./node.ts";
import { asRefusal, type Refusal } from "./refusal.ts";

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
    return { run: [decision.program, ...decision.args] };
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
