// What a node has where its agent does not tell: from the report it keeps as a file, else from what ordinary programs print.
import { type Agent, type CapabilityReport, PactError } from "pact/api";

const REPORT = "/run/pact/capability.json";
const MOST_BYTES = 8 * 1024 * 1024;

/** What a program printed on a node; undefined when it could not run there or failed. Throws when the node cannot be reached. */
async function printed(agent: Agent, argv: readonly string[], signal: AbortSignal): Promise<string | undefined> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of agent.exec(argv, signal)) {
    if ("stream" in chunk) {
      if (chunk.stream === "stdout" && (size += chunk.bytes.length) <= MOST_BYTES) parts.push(chunk.bytes);
    } else if ("exit" in chunk) return chunk.exit === 0 && size <= MOST_BYTES ? Buffer.concat(parts).toString("utf8") : undefined;
    else if (["connection", "unauthenticated", "forbidden", "interrupted", "timeout"].includes(chunk.problem.failure)) throw chunk.problem;
    else return undefined;
  }
  return undefined;
}

/** Stock agents write some names and words of the report in their own way. */
const RENAMED: Readonly<Record<string, string>> = { network: "network_interfaces", supervisor_status: "supervisor" };
const WORDS: ReadonlySet<string> = new Set(["architecture", "vendor", "health", "memory_type", "fabric", "state", "node_type", "disk_type", "fs_type", "config_state", "backend"]);

function fromJson(value: unknown, key = ""): unknown {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return value.map((one: unknown) => fromJson(one));
  if (typeof value === "object") {
    // A file system without a name of its own is { "Other": NAME }.
    if (key === "fs_type" && "Other" in value) return String(value.Other).toLowerCase();
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [RENAMED[name] ?? name, fromJson(inner, name)]));
  }
  return typeof value === "string" && WORDS.has(key) ? value.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase() : value;
}

const numberAt = (text: string | undefined, pattern: RegExp): number | null => {
  const found = text === undefined ? undefined : pattern.exec(text)?.[1];
  return found === undefined ? null : Number(found);
};

async function fromPrograms(agent: Agent, signal: AbortSignal): Promise<CapabilityReport | undefined> {
  const ask = (...argv: string[]): Promise<string | undefined> => printed(agent, argv, signal);
  const [cpu, memory, gpu] = await Promise.all([ask("lscpu"), ask("free", "-b"), ask("nvidia-smi", "--query-gpu=index,name,memory.total,pci.bus_id", "--format=csv,noheader,nounits")]);
  if (cpu === undefined && memory === undefined) return undefined;
  return {
    node_id: agent.node,
    cpu: cpu === undefined ? null : {
      architecture: /^Architecture:\s+(\S+)/m.exec(cpu)?.[1] ?? null,
      model: /^Model name:\s+(.+)$/m.exec(cpu)?.[1]?.trim() ?? null,
      logical_cores: numberAt(cpu, /^CPU\(s\):\s+(\d+)/m),
      numa_nodes: numberAt(cpu, /^NUMA node\(s\):\s+(\d+)/m),
    },
    memory: memory === undefined ? null : { total_bytes: numberAt(memory, /^Mem:\s+(\d+)/m), available_bytes: numberAt(memory, /^Mem:(?:\s+\d+){5}\s+(\d+)/m) },
    gpus: (gpu ?? "").split("\n").flatMap((line) => {
      const [index, model, mebibytes, bus] = line.split(",").map((part) => part.trim());
      if (index === undefined || !/^\d+$/.test(index)) return [];
      return [{ index: Number(index), vendor: "nvidia", model: model ?? "", memory_bytes: Number(mebibytes) * 1024 * 1024, health: null, pci_bus_id: bus ?? "" }];
    }),
  };
}

/** The report of an agent without the extension; `note` hears how it came about. unsupported when nothing there tells. */
export async function reportByExec(agent: Agent, note: (text: string) => void, signal: AbortSignal): Promise<CapabilityReport> {
  const file = await printed(agent, ["cat", REPORT], signal);
  if (file !== undefined) {
    try {
      const report: unknown = fromJson(JSON.parse(file));
      if (typeof report === "object" && report !== null && !Array.isArray(report)) return { ...report };
    } catch {
      note(`note: ${REPORT} of ${agent.node} is not JSON; asking its programs`);
    }
  }
  const report = await fromPrograms(agent, signal);
  if (report === undefined) throw new PactError("unsupported", `${agent.node} does not tell what it has`, { reason: `its agent has no report, and neither lscpu nor free may run there`, node: agent.node });
  note(`note: the agent of ${agent.node} keeps no report; this is what its programs say`);
  return report;
}
