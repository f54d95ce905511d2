// The least that receives it: every chunk to stdout, at the speed of its reader.
import grpc from "@grpc/grpc-js";
import { loadPact } from "./proto.mjs";

const [address] = process.argv.slice(2);
const { pact } = loadPact(["pact/shell.proto"]);
const client = new pact.shell.ShellService(address, grpc.credentials.createInsecure(), { "grpc.enable_http_proxy": 0, "grpc-node.flow_control_window": 1024 * 1024 });
for await (const { stdout } of client.Exec({ command: "cat", args: [] })) {
  if (stdout?.length > 0 && !process.stdout.write(stdout)) await new Promise((resolve) => process.stdout.once("drain", resolve));
}
client.close();
