// What hardware and services a node has: read from the system when asked, never guessed.
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { cpus, freemem, totalmem } from "node:os";
import type { CapabilityReport } from "../../contract/gen/pact/capability/CapabilityReport.ts";
import type { GpuCapability } from "../../contract/gen/pact/capability/GpuCapability.ts";
import type { ServiceStatus as ServiceMessage } from "../../contract/gen/pact/capability/ServiceStatus.ts";
import { findProgram } from "./root.ts";
import type { ServiceStatus } from "./service.ts";

const GPU_MS = 3000;

export interface CapabilityFacts {
  readonly node: string;
  /** ms since the epoch. */
  readonly now: number;
  readonly drifted: boolean;
  readonly observeOnly: boolean;
  /** Undefined where nothing supervises any. */
  readonly services: readonly ServiceStatus[] | undefined;
}

/** A service's state as the contract spells it. */
export function serviceMessages(services: readonly ServiceStatus[], now: number): ServiceMessage[] {
  return services.map(({ definition, state, pid, since, restarts }) => ({
    name: definition.name,
    state,
    pid: pid ?? 0,
    uptime_seconds: String(state === "Running" ? Math.max(0, Math.floor((now - since) / 1000)) : 0),
    restart_count: restarts,
  }));
}

function servicesPart(services: readonly ServiceStatus[] | undefined, now: number): Pick<CapabilityReport, "software" | "supervisor"> {
  if (services === undefined) return {};
  const count = (wanted: ServiceStatus["state"]): number => services.filter(({ state }) => state === wanted).length;
  return {
    software: { services: serviceMessages(services, now) },
    supervisor: { backend: "pact", services_declared: services.length, services_running: count("Running"), services_failed: count("Failed") },
  };
}

let known: Pick<CapabilityReport, "cpu"> | undefined;

/** Asked once: the processors of a machine that runs stay, and counting them reads a file for each. */
function processors(): Pick<CapabilityReport, "cpu"> {
  if (known === undefined) {
    const cores = cpus();
    const architecture = process.arch === "x64" ? "CPU_ARCHITECTURE_X86_64" : process.arch === "arm64" ? "CPU_ARCHITECTURE_AARCH64" : "CPU_ARCHITECTURE_UNSPECIFIED";
    known = { cpu: { architecture, model: cores[0]?.model.trim() ?? "", logical_cores: cores.length } };
  }
  return known;
}

/** Cores, memory and GPUs are the machine's, which its nodes share. */
export async function capabilityOf({ node, now, drifted, observeOnly, services }: CapabilityFacts): Promise<CapabilityReport> {
  return {
    node_id: node,
    timestamp: { seconds: String(Math.floor(now / 1000)), nanos: (now % 1000) * 1_000_000 },
    report_id: randomUUID(),
    schema_version: 1,
    ...processors(),
    memory: { total_bytes: String(totalmem()), available_bytes: String(freemem()) },
    gpus: await gpus(),
    ...servicesPart(services, now),
    config_state: observeOnly ? "CONFIG_STATE_OBSERVE_ONLY" : drifted ? "CONFIG_STATE_DRIFTED" : "CONFIG_STATE_COMMITTED",
  };
}

async function gpus(): Promise<GpuCapability[]> {
  const program = findProgram("nvidia-smi");
  if (program === undefined) return [];
  const query = ["--query-gpu=index,name,memory.total,pci.bus_id", "--format=csv,noheader,nounits"];
  const text = await new Promise<string>((resolve) => {
    execFile(program, query, { timeout: GPU_MS, maxBuffer: 1024 * 1024 }, (error, stdout) => resolve(error === null ? stdout : ""));
  });
  return text.split("\n").flatMap((line): GpuCapability[] => {
    const [index, model, memory, bus] = line.split(",").map((part) => part.trim());
    if (index === undefined || !/^\d+$/.test(index)) return [];
    const mebibytes = Number(memory);
    return [{
      index: Number(index),
      vendor: "GPU_VENDOR_NVIDIA",
      model: model ?? "",
      memory_bytes: String(Number.isFinite(mebibytes) ? mebibytes * 1024 * 1024 : 0),
      health: "GPU_HEALTH_HEALTHY",
      pci_bus_id: bus ?? "",
    }];
  });
}
