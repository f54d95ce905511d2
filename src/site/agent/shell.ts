// Shell sessions: a restricted bash on a terminal in the node's namespace. Every line and
// every program is recorded before it runs; a session whose record cannot be kept ends.
import { randomUUID } from "node:crypto";
import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { ShellInput__Output } from "../../contract/gen/pact/shell/ShellInput.ts";
import type { ShellOpen__Output } from "../../contract/gen/pact/shell/ShellOpen.ts";
import type { ShellOutput } from "../../contract/gen/pact/shell/ShellOutput.ts";
import { attended, Visit } from "./call.ts";
import { openCommandLog, type CommandLog } from "./command-log.ts";
import type { Gate } from "./gate.ts";
import { entryOf, type AgentNode } from "./node.ts";
import { openTerminal, type Terminal } from "./pty.ts";
import { asServiceError, Refusal } from "./refusal.ts";
import { senderOf, type Sender } from "./sender.ts";

type ShellCall = ServerDuplexStream<ShellInput__Output, ShellOutput>;

const MOST_SIDE = 500;
const RPC = "pact.shell.ShellService/Shell";

/** The sessions of one node. */
export interface Sessions {
  handler(call: ShellCall): void;
  /** Ends them all. */
  close(): Promise<void>;
}

/** `shellFolder`: the folder with bin/ and lib/ as the node sees it. */
export function openSessions(node: AgentNode, gate: Gate, shellFolder: string): Sessions {
  const running = new Set<Promise<void>>();
  const stop = new AbortController();
  let count = 0;
  const serve = async (call: ShellCall): Promise<void> => {
    const visit = new Visit(node.desk, RPC, call);
    const inbox = inboxOf(call, stop.signal);
    call.on("error", () => {});
    call.sendMetadata(visit.headers());
    let counted = false;
    const free = (): void => {
      if (counted) count -= 1;
      counted = false;
    };
    try {
      const opened = await attended(visit, async () => {
        const open = await admit(node, visit, inbox);
        if (count >= node.config.agent.maxSessions) throw new Refusal("exhausted", `${node.name} has ${count} sessions already, which is the limit`);
        count += 1;
        counted = true;
        return start(node, visit, gate, shellFolder, open, senderOf<ShellOutput>(call, visit.signal), inbox);
      });
      if ("refusal" in opened) return void call.emit("error", asServiceError(opened.refusal, visit.time));
      await opened.value.run(stop.signal);
      // Free before the client can know of the end.
      free();
      call.end(visit.headers());
    } finally {
      free();
    }
  };
  return {
    handler(call) {
      const one = serve(call).catch((error: unknown) => void call.emit("error", asServiceError(new Refusal("internal", String(error)), undefined)));
      running.add(one);
      void one.finally(() => running.delete(one));
    },
    async close() {
      stop.abort();
      await Promise.all(running);
    },
  };
}

/** Input messages in order; undefined at the end. */
interface Inbox {
  first(): Promise<ShellInput__Output | undefined>;
  rest(take: (message: ShellInput__Output | undefined) => void): void;
}

/** How long a client may keep an admitted call without saying what it wants, ms of real time. */
const FIRST_WORD_MS = 10_000;

function inboxOf(call: ShellCall, stop: AbortSignal): Inbox {
  const early: (ShellInput__Output | undefined)[] = [];
  let take = (message: ShellInput__Output | undefined): void => void early.push(message);
  let wake: () => void = () => {};
  const deliver = (message: ShellInput__Output | undefined): void => {
    take(message);
    wake();
  };
  call.on("data", deliver);
  call.on("end", () => deliver(undefined));
  call.on("cancelled", () => deliver(undefined));
  const nothing = (): void => deliver(undefined);
  return {
    async first() {
      const late = setTimeout(nothing, FIRST_WORD_MS);
      stop.addEventListener("abort", nothing);
      if (early.length === 0 && !stop.aborted) await new Promise<void>((resolve) => (wake = resolve));
      stop.removeEventListener("abort", nothing);
      clearTimeout(late);
      return early.shift();
    },
    rest(next) {
      take = next;
      for (const message of early.splice(0)) next(message);
    },
  };
}

async function admit(node: AgentNode, visit: Visit, inbox: Inbox): Promise<ShellOpen__Output> {
  await visit.authenticate();
  visit.require(node.kind === "host" ? "admin" : "write");
  if (!node.place.walled) throw new Refusal("unsupported", `${node.name} has no namespace of its own: there is no shell`);
  const open = (await inbox.first())?.open;
  if (open === undefined || open === null) throw new Refusal("invalid", "the first message of a shell must be open");
  return open;
}

async function start(
  node: AgentNode, visit: Visit, gate: Gate, shellFolder: string, open: ShellOpen__Output, sender: Sender<ShellOutput>, inbox: Inbox,
): Promise<Session> {
  const sid = randomUUID();
  visit.target = `node:${node.name} shell:${sid}`;
  visit.note = `term=${open.term} rows=${open.rows} cols=${open.cols}`;
  const parent = await node.spool.append(entryOf(node, visit.caller, "ENTRY_TYPE_SHELL_SESSION", `shell:${sid} start`));
  const log = openCommandLog(node, visit, gate, sid);
  try {
    sender.send({ session_id: sid });
    const terminal = await openSessionTerminal(node, log, gate, shellFolder, open, sender);
    return new Session(node, visit, sid, parent ?? undefined, log, terminal, sender, inbox);
  } catch (error) {
    log.close();
    throw new Refusal("internal", `the shell could not be started: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function openSessionTerminal(
  node: AgentNode, log: CommandLog, gate: Gate, shellFolder: string, open: ShellOpen__Output, sender: Sender<ShellOutput>,
): Promise<Terminal> {
  // What enters the namespace waits outside it, in the terminal's own process group: it must
  // not take Ctrl-C for itself. The session gets the signals back.
  const inside = await node.place.launch("/usr/bin/env", ["--default-signal=INT,QUIT,TSTP", "/bin/bash", "-p", `${shellFolder}/lib/session`]);
  const launch = { ...inside, file: "/bin/bash", args: ["-c", `trap '' INT QUIT TSTP; exec "$@"`, "pact", inside.file, ...inside.args] };
  const term = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/.test(open.term) ? open.term : "xterm-256color";
  const terminal = openTerminal({
    ...launch,
    env: {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/tmp", LANG: "C.UTF-8", TERM: term, PACT_PORT: String(gate.port), PACT_KEY: log.lineKey,
      PACT_RUN_KEY: log.runKey, PACT_BIN: `${shellFolder}/bin`, PACT_PROMPT: `pact:${node.name}> `,
    },
    rows: side(open.rows, 24),
    cols: side(open.cols, 80),
    output(chunk) {
      const more = sender.send({ stdout: chunk });
      if (!more) void sender.ready().then(() => node.desk.thawed()).then(() => terminal.resume());
      return more;
    },
  });
  return terminal;
}

/** 0 means the client does not know. */
function side(value: number, otherwise: number): number {
  return value === 0 ? otherwise : Math.min(value, MOST_SIDE);
}

class Session {
  readonly #node: AgentNode;
  readonly #visit: Visit;
  readonly #sid: string;
  readonly #parent: string | undefined;
  readonly #log: CommandLog;
  readonly #terminal: Terminal;
  readonly #sender: Sender<ShellOutput>;
  readonly #inbox: Inbox;

  constructor(
    node: AgentNode, visit: Visit, sid: string, parent: string | undefined, log: CommandLog, terminal: Terminal, sender: Sender<ShellOutput>, inbox: Inbox,
  ) {
    this.#node = node;
    this.#visit = visit;
    this.#sid = sid;
    this.#parent = parent;
    this.#log = log;
    this.#terminal = terminal;
    this.#sender = sender;
    this.#inbox = inbox;
  }

  /** To the end of the session, whoever ends it. */
  async run(stop: AbortSignal): Promise<void> {
    const gone = AbortSignal.any([stop, this.#visit.signal]);
    const left = new Promise<"client">((resolve) => {
      gone.addEventListener("abort", () => resolve("client"), { once: true });
      if (gone.aborted) resolve("client");
      this.#inbox.rest((message) => (this.#take(message) ? resolve("client") : undefined));
    });
    const broken = this.#log.broken.then(() => "audit" as const);
    const why = await Promise.race([left, broken, this.#terminal.ended.then(() => "exit" as const)]);
    await this.#terminal.end();
    this.#log.close();
    const { exitCode, signal } = await this.#terminal.ended;
    const status = signal === 0 ? exitCode : 128 + signal;
    const stock = this.#node.profile === "real";
    await this.#recordEnd(why, status);
    // A stock agent keeps quiet until its client leaves.
    if (stock && why === "exit") await left;
    this.#sender.send({ exit_code: stock ? 0 : status });
  }

  /** Whether the client is done. */
  #take(message: ShellInput__Output | undefined): boolean {
    if (message === undefined || message.close != null) return true;
    if (message.stdin != null) this.#terminal.write(message.stdin);
    if (message.resize != null) this.#terminal.resize(side(message.resize.rows, 24), side(message.resize.cols, 80));
    return false;
  }

  async #recordEnd(why: "client" | "audit" | "exit", status: number): Promise<void> {
    const words = { client: "left", audit: "closed: its commands could not be recorded", exit: `exit=${status}` }[why];
    const text = `shell:${this.#sid} end ${words} commands=${this.#log.count}`;
    // The session is over either way.
    await this.#node.spool.append(entryOf(this.#node, this.#visit.caller, "ENTRY_TYPE_SHELL_SESSION", text, this.#parent)).catch(() => {});
  }
}
