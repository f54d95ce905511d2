// The agent of a node in memory: a small table of commands, and a terminal that echoes.
import { PactError, asPactError, type Agent, type Chunk, type NodeState, type RemoteShell, type Setting, type StateParts } from "../api/index.ts";
import type { FakeNode } from "./fake-node.ts";
import type { FakeCall } from "./fakes.ts";

/** What a scripted command answers. */
export type Script = (args: readonly string[], node: FakeNode) => { readonly stdout?: string; readonly stderr?: string; readonly exit?: number; readonly signal?: string };

const USUAL: Readonly<Record<string, Script>> = {
  uname: () => ({ stdout: "Linux\n" }),
  echo: (args) => ({ stdout: `${args.join(" ")}\n` }),
  cat([path = ""], node) {
    const content = node.read(path);
    return content === undefined ? { stderr: `cat: ${path}: No such file or directory\n`, exit: 1 } : { stdout: content };
  },
};

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export class FakeAgent implements Agent {
  readonly node: string;
  readonly address: Setting<string>;
  readonly #node: FakeNode;
  readonly #scripts: Readonly<Record<string, Script>>;
  readonly #begin: (call: FakeCall, signal: AbortSignal) => void;
  readonly #ran: (command: string) => void;

  constructor(node: FakeNode, scripts: Readonly<Record<string, Script>>, begin: (call: FakeCall, signal: AbortSignal) => void, ran: (command: string) => void) {
    this.node = node.name;
    this.address = { value: `http://${node.name}.fake:9445`, from: "site", where: "the journal" };
    this.#node = node;
    this.#scripts = { ...USUAL, ...scripts };
    this.#begin = begin;
    this.#ran = ran;
  }

  async *exec(argv: readonly string[], signal: AbortSignal): AsyncGenerator<Chunk> {
    const { node } = this;
    try {
      this.#reach("agent.exec", signal);
      const [command = "", ...args] = argv;
      if (command === "") throw new PactError("usage", "there is no command to run");
      const script = Object.hasOwn(this.#scripts, command) ? this.#scripts[command] : undefined;
      if (script === undefined) throw new PactError("notWhitelisted", `cannot run ${command} on ${node}`, { reason: `${command} is not whitelisted`, node });
      const { stdout = "", stderr = "", exit = 0, signal: killed } = script(args, this.#node);
      if (stdout !== "") yield { node, stream: "stdout", bytes: bytes(stdout) };
      if (stderr !== "") yield { node, stream: "stderr", bytes: bytes(stderr) };
      this.#ran(command);
      yield { node, exit, signal: killed ?? null, durationMs: 1 };
    } catch (thrown) {
      yield { node, problem: asPactError(thrown).at(node), durationMs: 1 };
    }
  }

  async shell(size: { rows: number; cols: number; term: string }, signal: AbortSignal): Promise<RemoteShell> {
    this.#reach("agent.shell", signal);
    return new FakeShell(size, signal);
  }

  async state(parts: StateParts, signal: AbortSignal): Promise<NodeState> {
    this.#reach("agent.state", signal);
    const node = this.#node;
    return {
      nodeId: node.name,
      vcluster: node.vcluster,
      observeOnly: node.observeOnly,
      bare: false,
      drift: parts.drift === true ? { ...node.summary(), items: node.drift() } : null,
      window: parts.window === true ? { state: node.drift().length > 0 ? "open" : "idle", remainingS: node.drift().length > 0 ? 900 : 0 } : null,
      capability: parts.capability === true ? { cores: 64, memoryBytes: 256 * 1024 ** 3, gpus: 4, report: fakeReport(this.node) } : null,
    };
  }

  async extend(minutes: number, signal: AbortSignal): Promise<number> {
    this.#reach("agent.extend", signal);
    if (this.#node.windowS === null) throw new PactError("precondition", `${this.node} has no open commit window`, { node: this.node });
    this.#node.windowS += minutes * 60;
    return this.#node.windowS;
  }

  async commands(signal: AbortSignal): Promise<readonly string[]> {
    this.#reach("agent.commands", signal);
    return Object.keys(this.#scripts).sort();
  }

  #reach(call: FakeCall, signal: AbortSignal): void {
    this.#begin(call, signal);
    if (this.#node.reachable) return;
    throw new PactError("connection", `cannot reach the agent of ${this.node} at ${this.address.value}`, { reason: `connection refused; address from ${this.address.where}`, node: this.node });
  }
}

/** Echoes what is typed; `exit N` at the start of a line ends it. */
class FakeShell implements RemoteShell {
  readonly output: AsyncIterable<Uint8Array>;
  readonly ended: Promise<{ readonly exitCode: number | null }>;
  readonly #queue: Uint8Array[] = [];
  #wake: () => void = () => {};
  #over = false;
  #line = "";
  #settle: (outcome: { exitCode: number | null } | PactError) => void = () => {};

  constructor(size: { rows: number; cols: number; term: string }, signal: AbortSignal) {
    this.ended = new Promise((resolve, reject) => {
      this.#settle = (outcome) => (outcome instanceof PactError ? reject(outcome) : resolve(outcome));
    });
    this.ended.catch(() => {});
    this.output = this.#read();
    this.#push(`${size.term} ${size.rows}x${size.cols}\r\n`);
    signal.addEventListener("abort", () => this.#end(new PactError("interrupted", "interrupted: a shell")), { once: true });
  }

  write(input: Uint8Array): void {
    if (this.#over) return;
    const text = new TextDecoder().decode(input);
    this.#push(text);
    this.#line += text;
    for (let end = this.#line.search(/[\r\n]/u); end >= 0; end = this.#line.search(/[\r\n]/u)) {
      const code = /^exit(?: (\d+))?$/u.exec(this.#line.slice(0, end));
      this.#line = this.#line.slice(end + 1);
      if (code !== null) this.#end({ exitCode: Number(code[1] ?? 0) });
    }
  }

  resize(rows: number, cols: number): void {
    if (!this.#over) this.#push(`${rows}x${cols}\r\n`);
  }

  close(): void {
    this.#end({ exitCode: null });
  }

  #push(text: string): void {
    this.#queue.push(bytes(text));
    this.#wake();
  }

  #end(outcome: { exitCode: number | null } | PactError): void {
    this.#over = true;
    this.#settle(outcome);
    this.#wake();
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const next = this.#queue.shift();
      if (next !== undefined) yield next;
      else if (this.#over) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** A small machine. */
const fakeReport = (node: string) => ({
  node_id: node, cpu: { architecture: "x86_64", model: "fake", logical_cores: 4 }, memory: { total_bytes: 8 * 1024 ** 3, available_bytes: 4 * 1024 ** 3 },
  gpus: [], config_state: "committed",
});
