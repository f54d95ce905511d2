import { type Agent, type Call, type TerminalLease, PactError, defineCommand, done, required, values } from "pact/api";
import { EscapeReader } from "./escape.ts";
import { RESET_MODES, RemoteScreen } from "./remote-screen.ts";

const HELP = "\r\npact: ~. leaves · ~~ sends a tilde · ~? this help (after Enter)\r\n";

/** Sessions end in different ways, and each is said as what it was. */
type Ending = { readonly how: "exited"; readonly exitCode: number | null } | { readonly how: "left" };

/** Joins the local terminal and the remote one until either ends. */
async function attach(agent: Agent, lease: TerminalLease, signal: AbortSignal): Promise<Ending> {
  const { rows, cols } = lease.size;
  const remote = await agent.shell({ rows, cols, term: lease.term }, signal);
  // Settled below; until then nobody listens, and a lost link must not end the process.
  remote.ended.catch(() => {});
  // Not before: a node that cannot be reached is not connected to.
  await lease.write(Buffer.from(`connected to ${agent.node}; this session is recorded; leave with exit or ~.\r\n`));
  let left = false;
  const typed = new EscapeReader();
  lease.onInput((bytes) => {
    const { send, actions } = typed.push(bytes);
    if (send.length > 0) remote.write(send);
    for (const action of actions) {
      if (action === "help") void lease.write(Buffer.from(HELP));
      else {
        left = true;
        remote.close();
      }
    }
  });
  lease.onResize((newRows, newCols) => remote.resize(newRows, newCols));
  const screen = new RemoteScreen();
  try {
    for await (const bytes of remote.output) {
      const text = screen.push(bytes);
      if (text !== "") await lease.write(Buffer.from(text));
    }
    await lease.write(Buffer.from(screen.end()));
    const { exitCode } = await remote.ended;
    return left ? { how: "left" } : { how: "exited", exitCode };
  } catch (error) {
    if (left) return { how: "left" };
    throw error;
  } finally {
    remote.close();
    await lease.write(Buffer.from(RESET_MODES)).catch(() => {});
  }
}

async function session(call: Call<any, any>, node: string): Promise<Ending> {
  const agent = await (await call.agents()).at(node, call.signal);
  const lease = await call.terminal().lease();
  try {
    return await attach(agent, lease, call.signal);
  } finally {
    lease.release();
  }
}

export default defineCommand({
  summary: "Open an interactive shell on a node",
  details: "Replaces ssh. What runs is decided by the node's whitelist, and every command is recorded. After Enter, ~. leaves and ~? explains.",
  args: { node: required(values.node, "where to open it") },
  effect: "exec",
  role: "ops",
  examples: [{ line: "shell node-001", shows: "a restricted shell on node-001" }],
  async run(call) {
    const { node } = call.args;
    if (!call.terminal().interactive) {
      throw new PactError("usage", "shell needs a terminal", { hint: `pact exec ${node} -- CMD` });
    }
    const ending = await session(call, node);
    if (ending.how === "left") return done("", { nodeId: node, ended: "left" });
    if (ending.exitCode !== null && ending.exitCode !== 0) {
      throw new PactError("remoteExit", `${node}: exit ${ending.exitCode}`, { node, exitCode: ending.exitCode });
    }
    return done("", { nodeId: node, ended: "exited", exitCode: ending.exitCode });
  },
});
