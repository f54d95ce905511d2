// Exec: token, whitelist, role, arguments, run, journal, exit code, in this order.
import type { ServerWritableStream } from "@grpc/grpc-js";
import type { ExecOutput } from "../../contract/gen/pact/shell/ExecOutput.ts";
import type { ExecRequest__Output } from "../../contract/gen/pact/shell/ExecRequest.ts";
import { SIGNAL, TIME, TRUNCATED } from "../../contract/metadata.ts";
import { attended, Visit } from "./call.ts";
import { Capture } from "./capture.ts";
import { decide, type Decision, type ProgramDecision, type ServiceDecision } from "./decide.ts";
import { commandText, entryOf, withDetails, type AgentNode } from "./node.ts";
import { asServiceError, Refusal, type Refusal as RefusalType } from "./refusal.ts";
import { runToEnd, type RunEnd, type StreamName } from "./run.ts";
import { senderOf, type Sender } from "./sender.ts";
import { answerPlan, checkWindow } from "./service-answer.ts";

type ExecCall = ServerWritableStream<ExecRequest__Output, ExecOutput>;

export function execHandler(node: AgentNode) {
  return (call: ExecCall): void => {
    const visit = new Visit(node.desk, "pact.shell.ShellService/Exec", call);
    call.on("error", () => {});
    const sender = senderOf<ExecOutput>(call, visit.signal);
    call.sendMetadata(visit.headers());
    void attended(visit, () => execute(node, visit, call.request, sender)).then((end) => {
      if ("refusal" in end) refuse(call, visit, end.refusal);
      else finish(call, visit, end.value);
    });
  };
}

/** A missing header is a status on every agent; the rest a stock agent says in the stream. */
function refuse(call: ExecCall, visit: Visit, refusal: RefusalType): void {
  if (visit.desk.profile === "embedded" || refusal.message === "missing authorization header") {
    call.emit("error", asServiceError(refusal, visit.time));
    return;
  }
  call.write({ error: refusal.stockText });
  call.end();
}

function finish(call: ExecCall, visit: Visit, run: RunEnd): void {
  call.write({ exit_code: run.exitCode });
  const trailers = visit.headers();
  if (visit.time !== undefined) {
    trailers.set(TIME, visit.time);
    if (run.signal !== null) trailers.set(SIGNAL, run.signal);
    if (run.cut.length > 0) trailers.set(TRUNCATED, run.cut.join(","));
  }
  call.end(trailers);
}

async function execute(node: AgentNode, visit: Visit, request: ExecRequest__Output, sender: Sender<ExecOutput>): Promise<RunEnd> {
  const { command, args } = request;
  const text = `exec:${commandText([command, ...args])}`;
  visit.target = `node:${node.name} ${commandText([command, ...args])}`.slice(0, 1024);
  const caller = await visit.authenticate();
  let decision: Decision;
  try {
    decision = decide(node, caller, command, args, { terminal: false });
    if ("plan" in decision) await checkWindow(node, decision.plan);
  } catch (error) {
    if (error instanceof Refusal) await node.spool.append(entryOf(node, caller, "ENTRY_TYPE_EXEC_LOG", denialText(text, error.message)));
    throw error;
  }
  const run = "plan" in decision ? await answer(node, visit, decision, sender) : await start(node, visit, decision, sender);
  if (decision.changes && node.kind === "virtual") node.window.open(1);
  await recordRun(node, visit, text, args, run);
  return judgeEnd(node, run, sender);
}

function denialText(text: string, why: string): string {
  return `${text.slice(0, 3000)} denied: ${why.slice(0, 500)}`;
}

type Output = (stream: StreamName, chunk: Buffer) => Promise<void>;

function outputTo(node: AgentNode, sender: Sender<ExecOutput>): Output {
  return async (stream, chunk) => {
    await node.desk.thawed();
    // One message at a time stays far below what a receiver takes by default.
    if (!sender.send(stream === "stdout" ? { stdout: chunk } : { stderr: chunk })) await sender.ready();
  };
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

/** Bytes of an answer that are sent at once. */
const PIECE = 64 * 1024;

/** What the supervisor says, as if a program had said it. */
async function answer(node: AgentNode, visit: Visit, { plan }: ServiceDecision, sender: Sender<ExecOutput>): Promise<RunEnd> {
  const { supervisor } = node;
  if (supervisor === undefined) throw new Refusal("internal", "there is no supervisor");
  // What was begun goes on, and is recorded, also when nobody waits for it any longer.
  const late = AbortSignal.any([visit.signal, AbortSignal.timeout(node.config.agent.execTimeoutS * 1000)]);
  const given = await Promise.race([answerPlan(node, supervisor, visit.caller, plan), aborted(late)]);
  const nothing = new Capture().digest();
  if (given === undefined) {
    return { exitCode: -1, signal: null, ended: visit.signal.aborted ? "cancelled" : "timeout", cut: [], stdout: nothing, stderr: nothing };
  }
  const { stdout, stderr, exitCode } = given;
  const captures = { stdout: new Capture(), stderr: new Capture() };
  const output = outputTo(node, sender);
  const cut: StreamName[] = [];
  for (const [name, text] of [["stdout", stdout], ["stderr", stderr]] as const) {
    const whole = Buffer.from(text);
    const kept = whole.subarray(0, node.config.agent.execOutputLimit);
    if (kept.length < whole.length) cut.push(name);
    captures[name].add(kept);
    for (let at = 0; at < kept.length; at += PIECE) await output(name, kept.subarray(at, at + PIECE));
  }
  return { exitCode, signal: null, ended: cut.length > 0 ? "limit" : "itself", cut, stdout: captures.stdout.digest(), stderr: captures.stderr.digest() };
}

async function start(node: AgentNode, visit: Visit, decision: ProgramDecision, sender: Sender<ExecOutput>): Promise<RunEnd> {
  const { agent } = node.config;
  try {
    return await runToEnd({
      launch: await node.place.launch(decision.program, decision.args, { mayMount: decision.mounts }),
      outputLimit: agent.execOutputLimit,
      timeoutMs: agent.execTimeoutS * 1000,
      signal: visit.signal,
      output: outputTo(node, sender),
    });
  } catch (error) {
    throw new Refusal("internal", `execution failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Before the exit code is sent, so that no run the caller knows of is missing from the journal. */
async function recordRun(node: AgentNode, visit: Visit, text: string, args: readonly string[], run: RunEnd): Promise<void> {
  const { exitCode: exit, signal, ended, cut, stdout, stderr } = run;
  const facts = { args, exit, signal, ended, cut };
  const brief = ({ bytes, sha256 }: RunEnd["stdout"]): object => ({ bytes, sha256 });
  const whole = { ...facts, stdout, stderr };
  const outcome = ended === "itself" ? `exit=${exit}` : `exit=${exit} ${ended}`;
  visit.note = `${outcome} stdout=${stdout.bytes}:${stdout.sha256} stderr=${stderr.bytes}:${stderr.sha256}`;
  const line = withDetails(`${text.slice(0, 3500)} ${outcome}`, [whole, { ...facts, stdout: brief(stdout), stderr: brief(stderr) }]);
  await node.spool.append(entryOf(node, visit.caller, "ENTRY_TYPE_EXEC_LOG", line));
}

function judgeEnd(node: AgentNode, run: RunEnd, sender: Sender<ExecOutput>): RunEnd {
  const { execTimeoutS, execOutputLimit } = node.config.agent;
  if (run.ended === "timeout") throw new Refusal("agentTimeout", `command timed out after ${execTimeoutS} seconds`);
  if (run.cut.length > 0) sender.send({ stderr: Buffer.from(`pact: ${run.cut.join(" and ")} cut at ${execOutputLimit} bytes\n`) });
  return run;
}
