// What a node has: from its agent's report, from the file that stock agents keep, or from its programs.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PactError } from "../../src/api/index.ts";
import builtins from "../../src/builtins/plugin.ts";
import { type FakeSite, fakeSite, runCommand } from "../../src/testing/index.ts";

type Scripts = NonNullable<Parameters<typeof fakeSite>[0]>["commands"];

const STOCK_FILE = JSON.stringify({
  node_id: "node-001", cpu: { architecture: "X86_64", model: "EPYC", logical_cores: 128 }, memory: { total_bytes: 1024, memory_type: "Hbm3" },
  gpus: [{ index: 0, vendor: "Nvidia", model: "H100", memory_bytes: 80, health: "Healthy", pci_bus_id: "01:00.0" }],
  network: [{ name: "hsn0", fabric: "Slingshot", state: "Up" }], storage: { node_type: "LocalStorage", mounts: [{ path: "/x", fs_type: { Other: "BeeGFS" } }, { path: "/y", fs_type: "Lustre" }] },
  supervisor_status: { backend: "Systemd" }, config_state: "ObserveOnly",
});
const LSCPU = "Architecture:        aarch64\nCPU(s):              72\nModel name:          Neoverse-V2\nNUMA node(s):        1\n";
const FREE = "               total        used        free      shared  buff/cache   available\nMem:     1000 10 900 1 89 950\nSwap:    0 0 0\n";

const stock = (commands: Scripts): FakeSite => {
  const site = fakeSite({ ...(commands === undefined ? {} : { commands }) });
  site.refuse("agent.state", new PactError("unsupported", "no such service"));
  return site;
};
const cap = async (site: FakeSite) => {
  const ran = await runCommand(builtins, "cap node-001", { services: site.services(), format: "json" });
  return { ...ran, report: ran.stdout === "" ? undefined : JSON.parse(ran.stdout) };
};

test("an agent with the extension tells it itself", async () => {
  const site = fakeSite();
  const { status, report } = await cap(site);
  assert.is(status, 0);
  assert.is(report.cpu.logical_cores, 4);
  assert.not.ok(site.calls.includes("agent.exec"));
});

test("a stock agent's file is read, with the names and words of the contract", async () => {
  const { status, report, stderr } = await cap(stock({ cat: () => ({ stdout: STOCK_FILE }) }));
  assert.is(status, 0, stderr);
  assert.equal([report.cpu.architecture, report.memory.memory_type, report.gpus[0].vendor, report.gpus[0].model, report.gpus[0].health], ["x86_64", "hbm3", "nvidia", "H100", "healthy"]);
  assert.equal([report.network_interfaces[0].fabric, report.network_interfaces[0].state, report.network], ["slingshot", "up", undefined]);
  assert.equal(report.storage.mounts.map((mount: { fs_type: string }) => mount.fs_type), ["beegfs", "lustre"]);
  assert.equal([report.storage.node_type, report.supervisor.backend, report.config_state], ["local_storage", "systemd", "observe_only"]);
});

test("without a file its programs are asked, and that is said", async () => {
  const { status, report, stderr } = await cap(stock({
    cat: () => ({ exit: 1 }), lscpu: () => ({ stdout: LSCPU }), free: () => ({ stdout: FREE }), "nvidia-smi": () => ({ stdout: "0, NVIDIA GH200, 97871, 00000009:01:00.0\n" }),
  }));
  assert.is(status, 0, stderr);
  assert.match(stderr, /keeps no report/);
  assert.equal(report.cpu, { architecture: "aarch64", model: "Neoverse-V2", logical_cores: 72, numa_nodes: 1 });
  assert.equal(report.memory, { total_bytes: 1000, available_bytes: 950 });
  assert.equal([report.gpus[0].model, report.gpus[0].memory_bytes], ["NVIDIA GH200", 97_871 * 1024 * 1024]);
});

test("a file that is no JSON is passed by", async () => {
  const { status, report, stderr } = await cap(stock({ cat: () => ({ stdout: "<html>" }), lscpu: () => ({ stdout: LSCPU }), free: () => ({ exit: 1 }), "nvidia-smi": () => ({ exit: 1 }) }));
  assert.is(status, 0, stderr);
  assert.match(stderr, /is not JSON/);
  assert.equal([report.cpu.logical_cores, report.memory, report.gpus], [72, null, []]);
});

test("an agent of which nothing can be learnt is unsupported: exit 1", async () => {
  const { status, stderr } = await cap(stock({ cat: () => ({ exit: 1 }), lscpu: () => ({ exit: 1 }), free: () => ({ exit: 1 }), "nvidia-smi": () => ({ exit: 1 }) }));
  assert.is(status, 1);
  assert.match(stderr, /does not tell what it has/);
});

test.run();
