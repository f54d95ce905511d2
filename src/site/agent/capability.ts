// What hardware a node has: read from the system when asked, never guessed.
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { cpus, freemem, totalmem } from "node:os";
import type { CapabilityReport } from "../../contract/gen/pact/capability/CapabilityReport.ts";
import type { GpuCapability } from "../../contract/gen/pact/capability/GpuCapability.ts";
import { findProgram } from "./root.ts";

const GPU_MS = 3000;

/** `now` in ms; cores, memory and GPUs of the machine, which its nodes share. */
export async function capabilityOf(node: string, now: number, drifted: boolean, observeOnly: boolean): Promise<CapabilityReport> {
  const cores = cpus();
  return {
    node_id: node,
    timestamp: { seconds: String(Math.floor(now / 1000)), nanos: (now % 1000) * 1_000_000 },
    report_id: randomUUID(),
    schema_version: 1,
    cpu: {
      architecture: process.arch === "x64" ? "CPU_ARCHITECTURE_X86_64" : process.arch === "arm64" ? "CPU_ARCHITECTURE_AARCH64" : "CPU_ARCHITECTURE_UNSPECIFIED",
      model: cores[0]?.model.trim() ?? "",
      logical_cores: cores.length,
    },
    memory: { total_bytes: String(totalmem()), available_bytes: String(freemem()) },
    gpus: await gpus(),
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
