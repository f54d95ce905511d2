// The least that relays a terminal over gRPC: bash under node-pty, bytes both ways. Prints its address; ends with its stdin.
import grpc from "@grpc/grpc-js";
import { spawn } from "node-pty";
import { loadPact } from "./proto.mjs";

const { pact } = loadPact(["pact/shell.proto"]);
const server = new grpc.Server();
server.addService(pact.shell.ShellService.service, {
  Shell(call) {
    const pty = spawn("bash", ["--norc", "--noprofile"], { name: "xterm-256color", cols: 80, rows: 24, encoding: null });
    pty.onData((stdout) => call.write({ stdout: Buffer.from(stdout) }));
    pty.onExit(() => call.end());
    call.on("data", ({ stdin }) => pty.write(stdin));
    call.on("cancelled", () => pty.kill());
  },
});
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`127.0.0.1:${port}\n`);
});
process.stdin.resume().on("end", () => process.exit(0));
