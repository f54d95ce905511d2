// The least that appends durably: AppendEntry puts the entry into lmdb and answers when it is on the disk.
// Prints its address; ends with its stdin.
import { join } from "node:path";
import grpc from "@grpc/grpc-js";
import { open } from "lmdb";
import { loadPact } from "./proto.mjs";

const [dir] = process.argv.slice(2);
const { pact } = loadPact(["pact/journal.proto"]);
const database = open({ path: join(dir, "floor-append"), encoding: "json" });
let last = 0;
const server = new grpc.Server();
server.addService(pact.journal.ConfigService.service, {
  async AppendEntry({ request }, answer) {
    const sequence = ++last;
    database.put(sequence, { ...request.entry, sequence });
    await database.flushed;
    answer(null, { sequence: String(sequence) });
  },
});
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`127.0.0.1:${port}\n`);
});
process.stdin.resume().on("end", () => process.exit(0));
