// A remote terminal over one stream both ways. Stock agents never end the stream when their
// shell does, so closing is ours to do; a lost link is noticed by keepalive.
import { PactError, type RemoteShell } from "../api/index.ts";
import type { ShellInput } from "../contract/gen/pact/shell/ShellInput.ts";
import type { ShellOutput__Output } from "../contract/gen/pact/shell/ShellOutput.ts";
import { serviceDefinition } from "../contract/load.ts";
import { onAbort } from "./abort.ts";
import type { AgentOptions } from "./agent.ts";
import { bearerToken } from "./bearer.ts";
import { afterRejection, duplex, type About, type Duplex } from "./call.ts";
import { execFailure, failureOf, interrupted, silence } from "./status.ts";

type Size = { readonly rows: number; readonly cols: number };
type Session = Duplex<ShellInput, ShellOutput__Output>;

/** How long a closed session may take to end by itself, in ms. */
const GRACE_MS = 2_000;
/** Input that the agent has not taken; beyond this the link counts as lost. */
const MAX_PENDING = 8 * 1024 * 1024;

const side = (value: number): number => Math.min(65_535, Math.max(1, Math.trunc(value) || 1));

/** Opens a shell; resolves once the agent has answered, rejects with what it refused. */
export async function openShell(options: AgentOptions, size: Size & { readonly term: string }, signal: AbortSignal): Promise<RemoteShell> {
  const { link, node, nodeTimeoutMs } = options;
  const about: About = { doing: `open a shell on ${node}`, signal, limitMs: nodeTimeoutMs, live: true, requestId: link.shared.requestId() };
  const open: ShellInput = { open: { rows: side(size.rows), cols: side(size.cols), term: size.term } };
  const { Shell } = serviceDefinition("pact.shell.ShellService");
  const begin = async (token: string): Promise<Running> => {
    const session = await duplex(link, Shell, open, token, about);
    return new Running(session, await firstAnswer(session, options.timeoutMs, signal), signal);
  };
  let token = await bearerToken(link.shared.token, signal);
  try {
    return await begin(token);
  } catch (thrown) {
    const renewed = await afterRejection(link, thrown, token, about);
    const attempt = { peer: link.peer, doing: about.doing, requestId: about.requestId, limitMs: nodeTimeoutMs, signal };
    if (renewed === undefined) throw failureOf(thrown, attempt);
    token = renewed;
    return await begin(token).catch((again: unknown) => {
      throw failureOf(again, attempt);
    });
  }
}

/** The first message, which says that the session stands. */
async function firstAnswer(session: Session, limitMs: number, signal: AbortSignal): Promise<ShellOutput__Output> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    session.call.cancel();
  }, limitMs);
  try {
    const first = await session.messages.next();
    if (first.done === true) throw new PactError("remote", `${session.attempt.doing}: the agent ended the session at once`);
    if (first.value.output === "error") {
      session.call.cancel();
      throw execFailure(first.value.error ?? "", undefined, session.attempt);
    }
    return first.value;
  } catch (thrown) {
    throw late && !signal.aborted ? silence({ ...session.attempt, limitMs }, { cause: thrown }) : thrown;
  } finally {
    clearTimeout(timer);
  }
}

class Running implements RemoteShell {
  readonly output: AsyncIterable<Uint8Array>;
  readonly ended: Promise<{ readonly exitCode: number | null }>;
  readonly #session: Session;
  #settle: (outcome: { exitCode: number | null } | PactError) => void = () => {};
  #exitCode: number | null = null;
  #closing = false;
  #over = false;
  #pending = 0;
  #grace: NodeJS.Timeout | undefined;

  constructor(session: Session, first: ShellOutput__Output, signal: AbortSignal) {
    this.#session = session;
    this.ended = new Promise((resolve, reject) => {
      this.#settle = (outcome) => {
        if (outcome instanceof PactError) reject(outcome);
        else resolve(outcome);
      };
    });
    // Whoever asks hears of it; nobody has to.
    this.ended.catch(() => {});
    const forget = onAbort(signal, () => this.#end(interrupted(session.attempt)));
    void this.ended.finally(forget).catch(() => {});
    this.output = this.#read(first);
  }

  write(bytes: Uint8Array): void {
    if (this.#closing || this.#over || bytes.length === 0) return;
    if (this.#pending + bytes.length > MAX_PENDING) {
      this.#end(new PactError("connection", `${this.#session.attempt.doing}: the agent takes no more input`, { node: this.#session.attempt.peer.node }));
      return;
    }
    this.#pending += bytes.length;
    this.#session.call.write({ stdin: Buffer.from(bytes) }, () => {
      this.#pending -= bytes.length;
    });
  }

  resize(rows: number, cols: number): void {
    if (this.#closing || this.#over) return;
    this.#session.call.write({ resize: { rows: side(rows), cols: side(cols) } });
  }

  close(): void {
    if (this.#closing || this.#over) return;
    this.#closing = true;
    this.#session.call.write({ close: {} });
    this.#session.call.end();
    this.#grace = setTimeout(() => this.#end({ exitCode: this.#exitCode }), GRACE_MS);
  }

  async *#read(first: ShellOutput__Output): AsyncGenerator<Uint8Array> {
    try {
      if (first.output === "stdout" && first.stdout !== undefined) yield first.stdout;
      if (this.#tells(first)) return;
      for await (const message of this.#session.messages) {
        if (message.output === "stdout" && message.stdout !== undefined && message.stdout.length > 0) yield message.stdout;
        else if (this.#tells(message)) return;
      }
    } catch (thrown) {
      const failure = failureOf(thrown, this.#session.attempt);
      // After close() the end is what was asked for, however it comes.
      this.#end(this.#closing ? { exitCode: this.#exitCode } : failure);
    } finally {
      this.#end({ exitCode: this.#exitCode });
    }
  }

  /** Whether a message ends the session. */
  #tells(message: ShellOutput__Output): boolean {
    if (message.output === "exit_code") {
      this.#exitCode = message.exit_code ?? null;
      return true;
    }
    if (message.output !== "error") return false;
    this.#end(execFailure(message.error ?? "", undefined, this.#session.attempt));
    return true;
  }

  /** Ends once; later ends are ignored. */
  #end(outcome: { exitCode: number | null } | PactError): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#grace);
    this.#settle(outcome);
    this.#session.call.cancel();
  }
}
