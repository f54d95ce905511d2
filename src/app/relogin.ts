// Logging in again in the middle of a shell session: the line that met the end of the login
// waits meanwhile. A read then goes on by itself; anything else is asked about once more,
// since the world may have moved while somebody looked for a password.
import { type Command, PactError, asPactError } from "../api/index.ts";
import type { Outcome } from "../core/dispatch.ts";
import type { GlobalValues } from "../core/globals.ts";
import { ClosedSink, type Sink } from "../core/sink.ts";
import type { Rendered } from "../render/settings.ts";
import type { CreatedIdentity, Network } from "./network.ts";

export interface Person {
  tell(line: string): void;
  ask(question: string): Promise<string>;
}

export interface Answer {
  readonly outcome: Outcome;
  readonly rendered: Rendered;
}

/**
 * Runs a command, and once more where a server refused its token and a person has logged in again. What has
 * shown a part of its answer is not run twice.
 */
export async function attended(person: Person, out: Sink, signal: AbortSignal, run: (out: Sink, relogin: Relogin) => Promise<Answer>): Promise<Answer> {
  const relogin = new Relogin(person);
  let begun = false;
  const watched: Sink = {
    get width() {
      return out.width;
    },
    color: out.color,
    write(data) {
      begun ||= data.length > 0;
      return out.write(data);
    },
  };
  let first: Answer;
  try {
    first = await run(watched, relogin);
  } catch (error) {
    if (begun || error instanceof ClosedSink || !(await relogin.after([asPactError(error)], signal))) throw error;
    return await run(watched, relogin);
  }
  const { answered, problems } = first.rendered;
  return begun || answered > 0 || !(await relogin.after(problems, signal)) ? first : await run(watched, relogin);
}

interface Waiting {
  readonly network: Network;
  readonly server: string;
  readonly path: string;
  /** No question: it changes nothing, or --yes has answered. */
  readonly sure: boolean;
}

/** One line's. */
export class Relogin {
  readonly #person: Person;
  #waiting: Waiting | undefined;
  #done = false;

  constructor(person: Person) {
    this.#person = person;
  }

  /** Before a command runs: a login that is over is replaced first. Throws interrupted when the person does not want to go on. */
  async before(command: Command<any, any>, path: string, globals: GlobalValues, server: string, network: Network, signal: AbortSignal): Promise<void> {
    if (command.effect === "local") return;
    const sure = command.effect === "read" || globals.dryRun === true || globals.yes === true;
    this.#waiting = { network, server, path, sure };
    await this.#again(signal);
  }

  /** After failures: whether to run the command once more, with a new login. */
  async after(problems: readonly PactError[], signal: AbortSignal): Promise<boolean> {
    const refused = problems.length > 0 && problems.every(({ failure }) => failure === "unauthenticated");
    return refused && (await this.#again(signal));
  }

  async #again(signal: AbortSignal): Promise<boolean> {
    if (this.#waiting === undefined || this.#done || signal.aborted) return false;
    const { network, server, sure, path } = this.#waiting;
    const identity = await network.identity();
    if (!(await identity.lapsed(signal))) return false;
    this.#done = true;
    const who = await this.#logIn(identity, server, signal);
    this.#person.tell(`logged in as ${who}`);
    if (!sure) await this.#confirm(path);
    return true;
  }

  async #logIn(identity: CreatedIdentity, server: string, signal: AbortSignal): Promise<string> {
    this.#person.tell(`your login at ${server} has expired: logging in again`);
    const { principal, role } = await identity.login({ flow: "auto", server: undefined }, (line) => this.#person.tell(line), signal);
    return `${principal} (${role || "no role"})`;
  }

  async #confirm(path: string): Promise<void> {
    const answer = await this.#person.ask(`${path} has not run yet: run it now? [y/N]`);
    if (!/^\s*y(es)?\s*$/i.test(answer)) throw new PactError("interrupted", `${path} was not run`);
  }
}
