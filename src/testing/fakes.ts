// A small site in memory, behind the interfaces commands use: a journal that counts from 0, nodes
// whose files can be changed so that they drift, agents with a few scripted commands. Roles are not
// enforced. It never touches the network, and says which expected calls never came.
import {
  ID_PATTERN, PactError, scopeText,
  type Agents, type Approval, type DeltaItem, type Enrollment, type Entry, type Journal, type NewEntry, type NodeRecord, type Policy, type Principal, type Probe, type Scope, type Services, type Verdict,
} from "../api/index.ts";
import { FakeAgent, type Script } from "./fake-agent.ts";
import { FakeNode } from "./fake-node.ts";
import { fakePolicy } from "./fake-policy.ts";
import { fakeProbe } from "./fake-probe.ts";

export interface FakeNodeOptions {
  readonly name: string;
  /** null: enrolled, but in no vCluster. */
  readonly vcluster?: string | null;
  /** Declared content by path. */
  readonly files?: Readonly<Record<string, string>>;
  readonly observeOnly?: boolean;
}

export interface FakeSiteOptions {
  /** Without it: node-001 in ml-training. */
  readonly nodes?: readonly FakeNodeOptions[];
  /** Author of what is appended. */
  readonly principal?: Principal;
  readonly now?: () => Date;
  /** Commands of the agents besides the usual few. */
  readonly commands?: Readonly<Record<string, Script>>;
}

/** Calls a test can expect, or make fail. */
export type FakeCall =
  | "journal.list" | "journal.head" | "journal.append" | "journal.watch" | "enrollment.list" | "enrollment.inspect"
  | "policy.evaluate" | "policy.approvals" | "policy.decide" | "policy.effective" | "agents.at" | "agent.exec" | "agent.shell" | "agent.state" | "agent.commands" | "agent.extend";

/** Types that move the head of a scope. */
const MOVES_HEAD: ReadonlySet<string> = new Set(["COMMIT", "ROLLBACK", "AUTO_CONVERGE", "BOOT_CONFIG", "POLICY_UPDATE"]);

const sameScope = (a: Scope, b: Scope): boolean => scopeText(a) === scopeText(b);

export class FakeSite {
  readonly entries: Entry[] = [];
  /** Every call so far, in order. */
  readonly calls: FakeCall[] = [];
  readonly journal: Journal;
  readonly enrollment: Enrollment;
  readonly policy: Policy;
  readonly agents: Agents;
  /** Finds everything in order; tests replace single looks. */
  probe: Probe;
  /** What the policy answers; tests replace it. */
  verdict: (action: string, scope: Scope) => Verdict = (action) => ({ allowed: true, ref: `rbac:default:${action}`, reason: null, approvalId: null });
  /** What waits, or waited, for a second person; tests fill it. */
  readonly approvals: Approval[] = [];
  readonly #nodes: ReadonlyMap<string, FakeNode>;
  readonly #principal: Principal;
  readonly #now: () => Date;
  readonly #expected = new Map<FakeCall, number>();
  readonly #failing: { readonly call: FakeCall; readonly problem: PactError }[] = [];
  readonly #listeners = new Set<() => void>();

  constructor(options: FakeSiteOptions = {}) {
    this.#principal = options.principal ?? { principal: "ops", type: "human", role: "pact-ops-ml-training" };
    this.#now = options.now ?? (() => new Date());
    const nodes = options.nodes ?? [{ name: "node-001", vcluster: "ml-training" }];
    this.#nodes = new Map(nodes.map((node) => [node.name, new FakeNode(node, (drift) => this.#drifted(node.name, drift))]));
    this.journal = this.#makeJournal();
    this.enrollment = this.#makeEnrollment();
    this.policy = fakePolicy({
      begin: (call, signal) => this.#begin(call, signal), approvals: this.approvals, me: this.#principal.principal,
      verdict: (action, scope) => this.verdict(action, scope), vclusters: new Set(nodes.map(({ vcluster }) => vcluster)),
    });
    this.agents = {
      at: async (node, signal) => {
        this.#begin("agents.at", signal);
        const found = this.node(typeof node === "string" ? node : node.nodeId);
        return new FakeAgent(found, options.commands ?? {}, (call, at) => this.#begin(call, at), (command) => this.#ran(found, command));
      },
    };
    this.probe = fakeProbe({ enrollment: this.enrollment, agents: this.agents, principal: this.#principal, now: this.#now });
  }

  /** The node of that name; notFound when there is none. */
  node(name: string): FakeNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new PactError("notFound", `no node called ${name}`, { hint: "pact status" });
    return node;
  }

  /** Says that a call must come, so many times or more, before `verify`. */
  expect(call: FakeCall, times = 1): void {
    this.#expected.set(call, (this.#expected.get(call) ?? 0) + times);
  }

  /** Makes the next call of that name fail. */
  refuse(call: FakeCall, problem: PactError): void {
    this.#failing.push({ call, problem });
  }

  /** Throws when an expected call, or one that was to be refused, never came. */
  verify(): void {
    const missing = [...this.#expected].filter(([call, times]) => this.calls.filter((made) => made === call).length < times).map(([call]) => call);
    const unmet = [...missing, ...this.#failing.map(({ call }) => call)];
    if (unmet.length > 0) throw new Error(`these calls never came: ${unmet.join(", ")}; these did: ${this.calls.join(", ") || "none"}`);
  }

  /** The network services, as commands ask for them. */
  services(): Pick<Services, "journal" | "enrollment" | "policy" | "agents" | "probe"> {
    return {
      journal: async () => this.journal, enrollment: async () => this.enrollment, policy: async () => this.policy, agents: async () => this.agents,
      probe: async () => this.probe,
    };
  }

  #begin(call: FakeCall, signal: AbortSignal): void {
    if (signal.aborted) throw new PactError("interrupted", `interrupted: ${call}`);
    this.calls.push(call);
    const at = this.#failing.findIndex((one) => one.call === call);
    const [failing] = at < 0 ? [] : this.#failing.splice(at, 1);
    if (failing !== undefined) throw failing.problem;
  }

  #makeJournal(): Journal {
    const site = this;
    return {
      endpoint: "http://fake:9443",
      async *list({ scope, last, from }, signal) {
        site.#begin("journal.list", signal);
        const found = site.entries.filter((entry) => (scope === undefined || sameScope(entry.scope, scope)) && entry.seq >= (from ?? 0));
        yield* last === undefined ? found : last === 0 ? [] : found.slice(-last).reverse();
      },
      head: async (signal) => (this.#begin("journal.head", signal), this.entries.at(-1)?.seq ?? null),
      append: async (entry, { expectedHead }, signal) => (this.#begin("journal.append", signal), this.#append(entry, expectedHead)),
      watch: (from, signal) => this.#watch(from, signal),
    };
  }

  #append(entry: NewEntry, expectedHead: number | null | undefined): number {
    const next = this.entries.length;
    // J4: an entry follows its parent.
    if (entry.parent !== undefined && entry.parent >= next) {
      throw new PactError("precondition", `cannot append to ${scopeText(entry.scope)}`, { reason: "parent must precede entry" });
    }
    const head = this.entries.findLast(({ scope, type }) => sameScope(scope, entry.scope) && MOVES_HEAD.has(type));
    if (MOVES_HEAD.has(entry.type) && typeof expectedHead === "number" && head?.seq !== expectedHead) {
      throw new PactError("conflict", `cannot append to ${scopeText(entry.scope)}`, { reason: `seq ${head?.seq ?? "none"} was committed meanwhile by ${head?.author.principal ?? "nobody"}` });
    }
    const { type, scope, message } = entry;
    const seq = this.#add({ type, scope, author: this.#principal, message, parent: entry.parent ?? null, ttlS: entry.ttlS ?? null, delta: entry.delta ?? null });
    if (scope.kind === "node") this.#nodes.get(scope.name)?.applied(type, entry.delta ?? [], entry.parent);
    this.#emergency(entry);
    return seq;
  }

  #add(entry: Omit<Entry, "seq" | "time">): number {
    const seq = this.entries.length;
    this.entries.push({ seq, time: this.#now(), ...entry });
    for (const node of this.#nodes.values()) node.remember(seq);
    for (const wake of [...this.#listeners]) wake();
    return seq;
  }

  #emergency({ type, scope, message }: NewEntry): void {
    if (type !== "EMERGENCY_ON" && type !== "EMERGENCY_OFF") return;
    for (const node of this.#nodes.values()) {
      const inside = scope.kind === "global" || (scope.kind === "node" ? scope.name === node.name : scope.name === node.vcluster);
      if (inside) node.emergency = type === "EMERGENCY_OFF" ? null : { by: this.#principal.principal, reason: message, startedAt: this.#now() };
    }
  }

  #machineEntry(node: string, type: Entry["type"], message: string, delta: readonly DeltaItem[] | null): void {
    const author = type === "EXEC_LOG" ? this.#principal : { principal: `agent@${node}`, type: "service" as const, role: "pact-service-agent" };
    this.#add({ type, scope: { kind: "node", name: node }, author, message, parent: null, ttlS: null, delta });
  }

  #drifted(node: string, delta: readonly DeltaItem[]): void {
    this.#machineEntry(node, "DRIFT_DETECTED", "", delta);
  }

  #ran(node: FakeNode, command: string): void {
    this.#machineEntry(node.name, "EXEC_LOG", `exec:${command}`, null);
  }

  async *#watch(from: number, signal: AbortSignal): AsyncGenerator<Entry> {
    this.#begin("journal.watch", signal);
    for (let next = from; !signal.aborted; ) {
      const entry = this.entries[next];
      if (entry !== undefined) {
        next += 1;
        yield entry;
        continue;
      }
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#listeners.delete(wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        this.#listeners.add(wake);
        signal.addEventListener("abort", wake);
      });
    }
  }

  #makeEnrollment(): Enrollment {
    return {
      list: async ({ vcluster, state, unassigned }, signal) => {
        this.#begin("enrollment.list", signal);
        return [...this.#nodes.values()].map((node) => this.#record(node)).filter((record) =>
          (vcluster === undefined || record.vcluster === vcluster) && (state === undefined || record.enrollmentState === state.toLowerCase()) && (unassigned !== true || record.vcluster === null));
      },
      inspect: async (nodeId, signal) => {
        this.#begin("enrollment.inspect", signal);
        if (!ID_PATTERN.test(nodeId)) throw new PactError("invalid", `${JSON.stringify(nodeId)} is not a node id`);
        return this.#record(this.node(nodeId));
      },
    };
  }

  #record(node: FakeNode): NodeRecord {
    const scope: Scope = { kind: "node", name: node.name };
    const local = this.entries.filter((entry) => entry.type === "COMMIT" && entry.delta !== null && sameScope(entry.scope, scope));
    const expired = local.filter(({ ttlS, time }) => ttlS !== null && ttlS > 0 && time.getTime() + ttlS * 1000 <= this.#now().getTime());
    return {
      nodeId: node.name,
      vcluster: node.vcluster,
      enrollmentState: "active",
      lastSeen: this.#now(),
      macAddress: null,
      agentEndpoint: `http://${node.name}.fake:9445`,
      overview: {
        configState: node.configState(),
        drift: node.summary(),
        emergency: node.emergency,
        localDeltas: local.length,
        expiredDeltas: expired.length,
        head: this.entries.findLast((entry) => MOVES_HEAD.has(entry.type) && sameScope(entry.scope, scope))?.seq ?? null,
        observeOnly: node.observeOnly,
      },
    };
  }
}

/** A fresh site. */
export const fakeSite = (options?: FakeSiteOptions): FakeSite => new FakeSite(options);

export type { FakeNode } from "./fake-node.ts";
export type { Script } from "./fake-agent.ts";
