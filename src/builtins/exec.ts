import { type Agents, type Chunk, asPactError, defineCommand, output, required, rest, values } from "pact/api";

async function* execOn(agents: Agents, node: string, argv: readonly string[], signal: AbortSignal): AsyncGenerator<Chunk> {
  const agent = await agents.at(node, signal);
  try {
    yield* agent.exec(argv, signal);
  } catch (error) {
    signal.throwIfAborted();
    yield { node: agent.node, problem: asPactError(error).at(agent.node), durationMs: 0 };
  }
}

export default defineCommand({
  summary: "Run a whitelisted command on a node",
  details: "The command runs without a shell: words are passed as they are. In the pact shell an unquoted | pipes into a local program. Command and output are kept in the audit log. Viewers may run what only reads.",
  args: {
    node: required(values.node, "where to run it"),
    command: rest(values.remoteWord, "command and arguments, after --"),
  },
  effect: "exec",
  role: "ops",
  globals: ["remoteRc", "nodeTimeout", "output"],
  examples: [
    { line: "exec node-001 -- uname -r", shows: "the kernel of node-001" },
    { line: "exec node-001 -- cat /proc/meminfo", shows: "its memory" },
    { line: "exec node-001 --remote-rc -- grep -c processor /proc/cpuinfo", shows: "exit with the remote status" },
  ],
  async run(call) {
    return output(execOn(await call.agents(), call.args.node, call.args.command, call.signal));
  },
});
