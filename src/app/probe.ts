// The looks that `doctor` takes, put together from what logins and calls are made of. It has
// a network of its own, so that notes on the way become findings instead of lines on stderr.
import { type Agent, type AgentAnswer, type ClockSkew, type JournalAnswer, type NodeRecord, PactError, type Probe, type Reached, asPactError } from "../api/index.ts";
import type { Limits } from "../auth/fetching.ts";
import type { Client } from "../client/connect.ts";
import type { Io } from "./io.ts";
import { machineFindings } from "./machine.ts";
import { type Network, type NetworkContext, createNetwork, identityOptions } from "./network.ts";

export interface ProbeContext extends Omit<NetworkContext, "note" | "ask" | "serverTime"> {
  readonly io: Io;
  /** Resolves the settings strictly; throws what is wrong with them. */
  readonly strict: () => Promise<unknown>;
}

/** HTTP to one address, in ms: two may have to be tried one after the other, within what a check may take. */
const HTTP_MS = 1_900;
const DEFAULT_CLIENT = "pact-cli";
/** A Date header has whole seconds. */
const HALF_SECOND_S = 0.5;

/** Nothing is opened before the first look. */
export function createProbe(given: ProbeContext): Probe {
  const clock = new Clock(given.now);
  const context: NetworkContext = { ...given, note: () => {}, ask: undefined, serverTime: (time) => clock.told(time) };
  const network = createNetwork(context);
  const { settings } = given;
  const limits = async (signal: AbortSignal): Promise<Limits> => ({
    timeoutMs: HTTP_MS,
    signal,
    tls: identityOptions(context).tls,
  });
  return {
    endpoint: settings.endpoint,
    now: given.now,
    machine: () => machineFindings({ ...given, endpoint: settings.endpoint }),
    reach: (signal) => reach(given, signal),
    async token() {
      const { surveyTokens } = await import("../auth/survey.ts");
      return await surveyTokens(identityOptions(context));
    },
    async loginAt(signal) {
      const { surveyLogin } = await import("../auth/survey.ts");
      const began = performance.now();
      const answered = (_url: string, headers: Headers): void => clock.dated(headers.get("date"), performance.now() - began);
      return await surveyLogin(identityOptions(context), { ...(await limits(signal)), answered });
    },
    async issuer(url, signal) {
      const { surveyIssuer } = await import("../auth/survey.ts");
      return await surveyIssuer(url, settings.auth.clientId ?? DEFAULT_CLIENT, { ...(await limits(signal)), timeoutMs: HTTP_MS * 2 });
    },
    async journal(signal) {
      clock.asking();
      return await askJournal(await network.client(), clock, settings.agentMap, signal);
    },
    agent: (node, signal) => askAgent(network, node, signal),
    skew: () => clock.skew(),
    close: () => network.close(),
  };
}

async function reach({ settings, env }: ProbeContext, signal: AbortSignal): Promise<Reached> {
  const [{ reachJournal }, { tlsProblem }] = await Promise.all([import("../client/reach.ts"), import("../auth/tls-problem.ts")]);
  const found = await reachJournal(settings.endpoint, settings.tls, env, settings.timeoutS.value * 1000, signal);
  if (found.certificate === null) return { ...found, certificate: null };
  const { distrust, ...certificate } = found.certificate;
  const known = distrust === null ? undefined : tlsProblem(Object.assign(new Error(distrust), { code: distrust }));
  const problem = distrust === null ? null : { reason: known?.reason ?? `it is not trusted: ${distrust}`, hint: known?.hint ?? null };
  return { ...found, certificate: { ...certificate, problem } };
}

/** Asks for the nodes: the one question that any role may ask of both kinds of journal. */
async function askJournal({ enrollment }: Client, clock: Clock, agentMap: Readonly<Record<string, string>>, signal: AbortSignal): Promise<JournalAnswer> {
  try {
    const nodes = await enrollment.list({}, signal);
    return { kind: clock.ours ? "embedded" : "stock", nodes, keepsRecords: true };
  } catch (error) {
    if (!(error instanceof PactError) || error.failure !== "unsupported") throw error;
    return { kind: clock.ours ? "embedded" : "stock", nodes: Object.keys(agentMap).sort(), keepsRecords: false };
  }
}

async function askAgent(network: Network, node: NodeRecord | string, signal: AbortSignal): Promise<AgentAnswer> {
  const { agents } = await network.client();
  let agent: Agent | undefined;
  let problem: PactError | null = null;
  try {
    agent = await agents.at(node, signal);
    await agent.commands(signal);
  } catch (error) {
    if (signal.aborted) throw error;
    problem = asPactError(error);
  }
  // Whoever says that this role may not ask, or does not know the question, is there.
  if (problem?.failure === "forbidden" || problem?.failure === "unsupported") problem = null;
  return { node: typeof node === "string" ? node : node.nodeId, address: agent?.address ?? null, problem };
}

/** How far the servers' clocks are from ours; the one that is known best counts. */
class Clock {
  /** The journal has told its time, as ours do. */
  ours = false;
  readonly #now: () => Date;
  #asked = performance.now();
  #best: ClockSkew | null = null;

  constructor(now: () => Date) {
    this.#now = now;
  }

  asking(): void {
    this.#asked = performance.now();
  }

  told(time: Date): void {
    // Trailers repeat what the headers said; agents tell their time too, and answer for themselves.
    if (this.ours) return;
    this.ours = true;
    this.#take(time, performance.now() - this.#asked, 0, "the journal");
  }

  dated(text: string | null, tookMs: number): void {
    const time = new Date(text ?? Number.NaN);
    if (!Number.isNaN(time.getTime())) this.#take(new Date(time.getTime() + HALF_SECOND_S * 1000), tookMs, HALF_SECOND_S, "the journal's web server");
  }

  skew(): ClockSkew | null {
    return this.#best;
  }

  /** The answer was written some time between question and now. */
  #take(time: Date, tookMs: number, coarseS: number, of: string): void {
    const errorS = tookMs / 2000 + coarseS;
    const aheadS = (time.getTime() - this.#now().getTime()) / 1000 + tookMs / 2000;
    if (this.#best === null || errorS < this.#best.errorS) this.#best = { aheadS, errorS, of };
  }
}
