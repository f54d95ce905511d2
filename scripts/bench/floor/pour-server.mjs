// The least that sends a child's output over gRPC: `cat FILE`, chunk by chunk as its pipe gives them.
// Prints its address; ends with its stdin.
import { spawn } from "node:child_process";
import grpc from "@grpc/grpc-js";
import { loadPact } from "./proto.mjs";

const [file] = process.argv.slice(2);
const { pact } = loadPact(["pact/shell.proto"]);
const server = new grpc.Server({ "grpc-node.flow_control_window": 8 * 1024 * 1024 });
server.addService(pact.shell.ShellService.service, {
  async Exec(call) {
    const child = spawn("cat", [file], { stdio: ["ignore", "pipe", "ignore"] });
    for await (const stdout of child.stdout) {
      if (!call.write({ stdout })) await new Promise((resolve) => call.once("drain", resolve));
    }
    call.write({ exit_code: 0 });
    call.end();
  },
});
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`127.0.0.1:${port}\n`);
});
process.stdin.resume().on("end", () => process.exit(0));
