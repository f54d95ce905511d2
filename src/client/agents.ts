// From a node to its agent: where the agent is, who says so, and one channel per address.
import { ID_PATTERN, PactError, type Agent, type Agents, type Enrollment, type NodeRecord, type Origin, type Setting } from "../api/index.ts";
import { createAgent } from "./agent.ts";
import { Link, type Shared } from "./channel.ts";
import { parseEndpoint } from "./endpoint.ts";

export interface AgentSettings {
  readonly map: Readonly<Record<string, string>>;
  /** `{node}` stands for the node's name. */
  readonly template: string;
  readonly origins: { readonly map: string; readonly template: string };
}

export interface AgentsOptions {
  readonly shared: Shared;
  readonly agents: AgentSettings;
  readonly localNode: { readonly name: string; readonly endpoint: string } | undefined;
  readonly enrollment: Enrollment;
  /** Whether the journal is of our kind, once it has answered. */
  readonly journalIsOurs: () => boolean | undefined;
  readonly timeoutMs: number;
  readonly nodeTimeoutMs: number;
}

/** Connections to agents that are kept, far more than are asked at once. */
const MOST_LINKS = 256;

const LOCAL = new Set(["local", "localhost"]);

export class AgentDirectory implements Agents {
  readonly #options: AgentsOptions;
  readonly #links = new Map<string, Link>();

  constructor(options: AgentsOptions) {
    this.#options = options;
  }

  async at(node: string | NodeRecord, signal: AbortSignal): Promise<Agent> {
    if (typeof node !== "string") return this.#agent(node.nodeId, this.#address(node.nodeId, node.agentEndpoint));
    if (LOCAL.has(node)) return this.#local(node);
    const record = await this.#record(node, signal);
    return this.#agent(node, this.#address(node, record?.agentEndpoint ?? null));
  }

  close(): void {
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  /** Of very many nodes, those that were not asked for longest lose their connection. */
  #bound(): void {
    if (this.#links.size <= MOST_LINKS) return;
    for (const [key, link] of this.#links) {
      link.rest();
      this.#links.delete(key);
      return;
    }
  }

  #local(word: string): Agent {
    const { localNode } = this.#options;
    if (localNode === undefined) return this.#agent(word, { value: "http://127.0.0.1:9445", from: "default", where: `the name ${word}` });
    return this.#agent(localNode.name, { value: localNode.endpoint, from: "site", where: "the site on this machine" });
  }

  /** The node's record; undefined where a stock journal keeps none or shows it to admins only. */
  async #record(node: string, signal: AbortSignal): Promise<NodeRecord | undefined> {
    try {
      return await this.#options.enrollment.inspect(node, signal);
    } catch (thrown) {
      if (!(thrown instanceof PactError)) throw thrown;
      const stock = this.#options.journalIsOurs() !== true;
      if (stock && (thrown.failure === "unsupported" || thrown.failure === "forbidden")) return undefined;
      throw thrown;
    }
  }

  /** Journal, then the map, then the template (what the journal says is newest). */
  #address(node: string, endpoint: string | null): Setting<string> {
    const { map, template, origins } = this.#options.agents;
    if (endpoint !== null) return { value: endpoint, from: "site", where: "the journal" };
    if (Object.hasOwn(map, node)) return { value: map[node] ?? "", from: "file", where: origins.map };
    // A name that comes from a server must not become more than a host name.
    if (!ID_PATTERN.test(node)) throw new PactError("usage", `${JSON.stringify(node.slice(0, 80))} is not a node id`);
    const from: Origin = origins.template === "default" ? "default" : "file";
    return { value: template.replaceAll("{node}", node), from, where: `the template ${template} (${origins.template})` };
  }

  #agent(node: string, address: Setting<string>): Agent {
    const { shared, timeoutMs, nodeTimeoutMs } = this.#options;
    const endpoint = parseEndpoint(address.value, "agent", address.where);
    const key = `${node} ${endpoint.url} ${address.where}`;
    let link = this.#links.get(key);
    if (link === undefined) {
      link = new Link({ kind: "agent", node, address: { ...address, value: endpoint.url } }, endpoint, shared);
    }
    // The last used comes last.
    this.#links.delete(key);
    this.#links.set(key, link);
    this.#bound();
    return createAgent({ link, node, timeoutMs, nodeTimeoutMs });
  }
}
