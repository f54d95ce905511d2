// What commands rely on of a node's agent: running, shells, state. The caller is an operator of the
// node's vCluster, not an administrator, whom stock agents let past the whitelist.
import * as assert from "uvu/assert";
import type { Agents, Chunk, RemoteShell } from "../../src/api/index.ts";
import { refused, signal, take, type Expectation } from "./expectation.ts";

export interface AgentSubject {
  readonly agents: Agents;
  /** A node whose agent runs. */
  readonly node: string;
  readonly vcluster: string;
  /** Changes a watched file on the node; null removes it. */
  readonly change: (path: string, content: string | null) => Promise<void>;
}

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly end: Chunk;
}

async function run({ agents, node }: AgentSubject, ...argv: readonly string[]): Promise<Ran> {
  const chunks = await take((await agents.at(node, signal())).exec(argv, signal()));
  const text = (stream: "stdout" | "stderr"): string =>
    Buffer.concat(chunks.flatMap((chunk) => ("stream" in chunk && chunk.stream === stream ? [chunk.bytes] : []))).toString();
  const end = chunks.at(-1);
  assert.ok(end !== undefined && !("stream" in end), "a run ends with an outcome");
  assert.is(chunks.filter((chunk) => !("stream" in chunk)).length, 1, "and with one alone");
  assert.ok(chunks.every((chunk) => chunk.node === node), "every chunk names its node");
  if (end === undefined) throw new Error("unreachable");
  return { stdout: text("stdout"), stderr: text("stderr"), end };
}

const exitOf = ({ end }: Ran): number | string => ("exit" in end ? end.exit : "problem" in end ? `${end.problem.failure}: ${end.problem.message}` : "output");
const problemOf = ({ end }: Ran) => ("problem" in end ? end.problem : undefined);

/** What a shell has shown, growing. */
function screen(shell: RemoteShell): { text: string; done: Promise<void> } {
  const seen = { text: "", done: Promise.resolve() };
  seen.done = (async () => {
    for await (const bytes of shell.output) seen.text += Buffer.from(bytes).toString();
  })();
  return seen;
}

/** Tries until it holds; drift is noticed within a second or so. */
async function until<T>(ask: () => Promise<T>, holds: (value: T) => boolean, what: string): Promise<T> {
  const end = Date.now() + 10_000;
  for (;;) {
    const value = await ask();
    if (holds(value)) return value;
    if (Date.now() > end) throw new Error(`never: ${what}; last ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

const SIZE = { rows: 24, cols: 80, term: "xterm-256color" };

export const agentExpectations: readonly Expectation<AgentSubject>[] = [
  {
    name: "a command's output and exit status come back",
    async run(subject) {
      const ran = await run(subject, "uname", "-s");
      assert.equal([ran.stdout, ran.stderr, exitOf(ran)], ["Linux\n", "", 0]);
    },
  },
  {
    name: "words reach the command as they are, without a shell between",
    async run(subject) {
      const ran = await run(subject, "echo", "a  b", "$HOME", "*", "x;y", "'q'");
      assert.is(ran.stdout, "a  b $HOME * x;y 'q'\n");
    },
  },
  {
    name: "a command that fails gives its status, and what it said on stderr",
    async run(subject) {
      const ran = await run(subject, "cat", "/etc/no-such-file-here");
      assert.is(exitOf(ran), 1);
      assert.match(ran.stderr, /No such file/);
      assert.is(ran.stdout, "");
    },
  },
  {
    name: "a command that is not on the whitelist is refused as such, and names the node",
    async run(subject) {
      const problem = problemOf(await run(subject, "shutdown", "now"));
      assert.is(problem?.failure, "notWhitelisted");
      assert.is(problem?.about.node, subject.node);
    },
  },
  {
    name: "no command is a usage failure",
    async run(subject) {
      assert.is(problemOf(await run(subject))?.failure, "usage");
    },
  },
  {
    name: "ten commands at once keep their output apart",
    async run(subject) {
      const all = await Promise.all(Array.from({ length: 10 }, (_, at) => run(subject, "echo", `run-${at}`)));
      assert.equal(all.map(({ stdout }) => stdout), Array.from({ length: 10 }, (_, at) => `run-${at}\n`));
    },
  },
  {
    name: "an aborted run is interrupted, as a chunk",
    async run({ agents, node }) {
      const agent = await agents.at(node, signal());
      const [only, ...more] = await take(agent.exec(["uname"], AbortSignal.abort()));
      assert.equal(more, []);
      assert.is(only !== undefined && "problem" in only ? only.problem.failure : "", "interrupted");
    },
  },
  {
    name: "a run that is left early ends",
    async run({ agents, node }) {
      const agent = await agents.at(node, signal());
      assert.is((await take(agent.exec(["echo", "hello"], signal()), 1)).length, 1);
    },
  },
  {
    name: "a node that is not there is not found",
    oursOnly: true,
    async run({ agents }) {
      assert.match((await refused(agents.at("no-such-node", signal()), "notFound")).message, /no-such-node/);
    },
  },
  {
    name: "the commands of an agent can be listed",
    async run({ agents, node }) {
      const commands = await (await agents.at(node, signal())).commands(signal());
      assert.ok(commands.includes("uname") && commands.includes("cat"), commands.join());
      assert.equal(commands, [...commands].sort());
    },
  },
  {
    name: "the address says where it came from",
    async run({ agents, node }) {
      const { address } = await agents.at(node, signal());
      assert.match(address.value, /^https?:\/\/[^/]+:\d+$/);
      assert.ok(address.where.length > 0);
    },
  },
  {
    name: "a shell shows what is typed, and closing ends it",
    async run({ agents, node }) {
      const shell = await (await agents.at(node, signal())).shell(SIZE, signal());
      const seen = screen(shell);
      shell.resize(40, 100);
      shell.write(Buffer.from("echo hello-from-the-shell\r"));
      await until(async () => seen.text, (text) => text.includes("hello-from-the-shell"), "the echo");
      shell.close();
      await shell.ended;
      await seen.done;
      shell.write(Buffer.from("too late"));
      shell.resize(1, 1);
      shell.close();
    },
  },
  {
    name: "a shell that exits tells its status",
    oursOnly: true,
    async run({ agents, node }) {
      const shell = await (await agents.at(node, signal())).shell(SIZE, signal());
      const seen = screen(shell);
      shell.write(Buffer.from("exit 3\r"));
      assert.is((await shell.ended).exitCode, 3);
      await seen.done;
    },
  },
  {
    name: "an aborted shell is interrupted",
    async run({ agents, node }) {
      const controller = new AbortController();
      const shell = await (await agents.at(node, signal())).shell(SIZE, controller.signal);
      const seen = screen(shell);
      controller.abort();
      await refused(shell.ended, "interrupted");
      await seen.done;
    },
  },
  {
    name: "a node's state has the parts that were asked for",
    oursOnly: true,
    async run({ agents, node, vcluster }) {
      const agent = await agents.at(node, signal());
      const bare = await agent.state({}, signal());
      assert.equal([bare.nodeId, bare.vcluster, bare.drift, bare.window, bare.capability], [node, vcluster, null, null, null]);
      const full = await agent.state({ drift: true, window: true, capability: true }, signal());
      assert.ok(["idle", "open", "expired"].includes(full.window?.state ?? ""));
      assert.ok((full.capability?.cores ?? 0) > 0 && (full.capability?.memoryBytes ?? 0) > 0);
      assert.is(full.drift?.items.length, full.drift?.count);
    },
  },
  {
    name: "a changed file is drift, and putting it back ends it",
    oursOnly: true,
    async run({ agents, node, change }) {
      const agent = await agents.at(node, signal());
      const drift = async () => (await agent.state({ drift: true }, signal())).drift?.items.filter(({ key }) => key.endsWith("/etc/pact-expectation.conf"));
      await change("/etc/pact-expectation.conf", "by hand\n");
      const [item] = (await until(drift, (items) => items?.length === 1, "the drift")) ?? [];
      assert.equal([item?.dimension, item?.action, item?.declared], ["files", "add", null]);
      assert.match(item?.actual ?? "", /^[0-9a-f]{64}$/);
      await change("/etc/pact-expectation.conf", null);
      await until(drift, (items) => items?.length === 0, "no drift");
    },
  },
];
