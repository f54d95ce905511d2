// The least that uses it: the keys there, what is printed back.
import grpc from "@grpc/grpc-js";
import { loadPact } from "./proto.mjs";

const [address] = process.argv.slice(2);
const { pact } = loadPact(["pact/shell.proto"]);
const client = new pact.shell.ShellService(address, grpc.credentials.createInsecure(), { "grpc.enable_http_proxy": 0 });
const call = client.Shell();
process.stdin.setRawMode(true);
process.stdin.on("data", (stdin) => call.write({ stdin }));
call.on("data", ({ stdout }) => process.stdout.write(stdout));
call.on("end", () => process.exit(0));
call.on("error", () => process.exit(1));
