// One node's agent: running commands, its state, the words it accepts. A failure of the
// node is a chunk among the others, so that a fan-out never loses one.
import { PactError, asPactError, type Agent, type Chunk } from "../api/index.ts";
import type { ExecRequest } from "../contract/gen/pact/shell/ExecRequest.ts";
import { serviceDefinition } from "../contract/load.ts";
import type { Metadata } from "@grpc/grpc-js";
import { renewedToken } from "./bearer.ts";
import { attemptOf, stream, unary, type About } from "./call.ts";
import type { Link } from "./channel.ts";
import { nodeState, stateRequest } from "./node-state.ts";
import { openShell } from "./shell.ts";
import { execFailure, trailer } from "./status.ts";
import { SIGNAL, TRUNCATED } from "../contract/metadata.ts";
import { serverText } from "./visible.ts";

export interface AgentOptions {
  readonly link: Link;
  readonly node: string;
  readonly timeoutMs: number;
  readonly nodeTimeoutMs: number;
}

export function createAgent(options: AgentOptions): Agent {
  const { link, node, timeoutMs, nodeTimeoutMs } = options;
  return {
    node,
    address: link.peer.address,
    exec: (argv, signal) => exec(options, argv, signal),
    shell: (size, signal) => openShell(options, size, signal),
    async state(parts, signal) {
      const { GetNodeState } = serviceDefinition("pact.site.NodeStateService");
      // Waiting for entries to reach the node takes longer than asking it.
      const limitMs = parts.applied === undefined ? nodeTimeoutMs : Math.max(timeoutMs, nodeTimeoutMs);
      return nodeState(await unary(link, GetNodeState, stateRequest(parts), { doing: `read the state of ${node}`, signal, limitMs }));
    },
    async extend(minutes, signal) {
      const { ExtendCommitWindow } = serviceDefinition("pact.shell.ShellService");
      const doing = `extend the commit window of ${node}`;
      const { success, new_deadline_seconds: remainingS, error } = await unary(link, ExtendCommitWindow, { additional_minutes: minutes }, { doing, signal, limitMs: nodeTimeoutMs });
      if (!success) throw new PactError("precondition", `cannot ${doing}`, { reason: serverText(error ?? ""), node });
      return remainingS;
    },
    async commands(signal) {
      const { ListCommands } = serviceDefinition("pact.shell.ShellService");
      const answer = await unary(link, ListCommands, {}, { doing: `list the commands of ${node}`, signal, limitMs: nodeTimeoutMs });
      return answer.commands.map(({ command }) => command).sort();
    },
  };
}

/** How long the trailers may take after the exit status, in ms. */
const TRAILERS_MS = 2_000;

async function* exec(options: AgentOptions, argv: readonly string[], signal: AbortSignal): AsyncGenerator<Chunk> {
  const { link, node } = options;
  const started = performance.now();
  const durationMs = (): number => Math.round(performance.now() - started);
  try {
    const request = execRequest(argv);
    const about: About = {
      doing: `run ${request.command.slice(0, 60)} on ${node}`,
      signal,
      limitMs: options.nodeTimeoutMs,
      live: true,
      requestId: link.shared.requestId(),
    };
    for (let turn = 1; ; turn += 1) {
      const token = await link.shared.token.token(signal);
      const run = new Run();
      yield* output(link, node, request, about, run);
      const problem = run.problem(link, about);
      // Real agents reject a token within the stream; it is tried again as if by status.
      if (problem?.failure === "unauthenticated" && turn === 1 && !run.spoke) {
        const renewed = await renewedToken(link.shared.token, token, signal).catch(() => undefined);
        if (renewed !== undefined) continue;
      }
      yield problem !== undefined ? { node, problem, durationMs: durationMs() }
        : { node, exit: run.exit ?? 0, signal: run.signalName(), durationMs: durationMs(), ...(run.wasCut() ? { truncated: true } : {}) };
      return;
    }
  } catch (thrown) {
    yield { node, problem: asPactError(thrown).at(node), durationMs: durationMs() };
  }
}

/** What a run told besides its output. */
class Run {
  exit: number | undefined;
  error: string | undefined;
  trailers: Metadata | undefined;
  /** Output was handed on, so the run cannot start again. */
  spoke = false;

  /** What went wrong; undefined when there is an exit status. */
  problem(link: Link, about: About): PactError | undefined {
    if (this.exit !== undefined) return undefined;
    const attempt = attemptOf(link, about);
    if (this.error !== undefined) return execFailure(this.error, this.trailers, attempt);
    return new PactError("remote", `${about.doing.replace(/^run /u, "")} ended without an exit status`, {
      reason: "the agent ended the stream early; the command may still run there",
      node: link.peer.node,
      requestId: attempt.requestId,
    });
  }

  /** Name of the signal that ended the process; null when it exited, or the agent does not say. */
  signalName(): string | null {
    const name = this.exit !== undefined && this.exit < 0 ? trailer(this.trailers, SIGNAL) : undefined;
    return name !== undefined && /^[A-Z][A-Z0-9+-]{1,15}$/u.test(name) ? name : null;
  }

  /** Whether the agent says that there was more output than it sent. */
  wasCut(): boolean {
    return /\bstd(?:out|err)\b/u.test(trailer(this.trailers, TRUNCATED) ?? "");
  }
}

/** Yields the output; what ends the run is kept in `run`, because the trailers that explain it come later. */
async function* output(link: Link, node: string, request: ExecRequest, about: About, run: Run): AsyncGenerator<Chunk> {
  const { Exec } = serviceDefinition("pact.shell.ShellService");
  const ended = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const last = (): void => {
    timer ??= setTimeout(() => ended.abort(), TRAILERS_MS);
  };
  const call = { ...about, signal: AbortSignal.any([about.signal, ended.signal]), onTrailers: (trailers: Metadata) => (run.trailers = trailers) };
  try {
    for await (const message of stream(link, Exec, request, call)) {
      if (message.output === "exit_code") {
        run.exit ??= message.exit_code;
        last();
      } else if (message.output === "error") {
        run.error ??= message.error;
        last();
      } else if (message.output === "stdout" || message.output === "stderr") {
        const bytes = message[message.output];
        if (bytes === undefined || bytes.length === 0) continue;
        run.spoke = true;
        yield { node, stream: message.output, bytes };
      }
    }
  } catch (thrown) {
    // The outcome is known: a link lost after it, or trailers that never come, change nothing.
    if ((run.exit === undefined && run.error === undefined) || about.signal.aborted) throw thrown;
  } finally {
    clearTimeout(timer);
  }
}

function execRequest(argv: readonly string[]): ExecRequest & { command: string } {
  const [command, ...args] = argv;
  if (command === undefined || command === "") throw new PactError("usage", "there is no command to run");
  if (argv.some((word) => word.includes("\0"))) throw new PactError("usage", "a word of the command holds a NUL byte, which no program can take");
  return { command, args };
}
