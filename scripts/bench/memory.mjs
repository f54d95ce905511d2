// What stands idle: the shell at its prompt, and the site with three nodes, beside a Node program that does nothing.
import { spawn } from "node:child_process";
import { memoryOf, mib, row } from "./measure.mjs";
import { startShell } from "./terminal.mjs";

const SETTLE_MS = 3_000;
const settled = () => new Promise((resolve) => setTimeout(resolve, SETTLE_MS));

export async function idleMemory({ env, sitePid }) {
  const idle = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { env, stdio: "ignore" });
  const shell = await startShell(env);
  try {
    await shell.send("status node-001\r", (text) => /node-001 +ml-tr/.test(text));
    await settled();
    const [node, ours, site] = [idle.pid, shell.pid, sitePid].map((pid) => memoryOf(pid, "VmRSS"));
    const told = (what, bytes) => row({ what, ours: mib(bytes), floorName: "`node -e` idle", floors: mib(node), ratio: `${(bytes / node).toFixed(2)}×`, goal: "printed" });
    return [told("memory of an idle shell", ours), told("memory of the site with 3 nodes", site)];
  } finally {
    await shell.stop("\u0004");
    idle.kill();
  }
}
