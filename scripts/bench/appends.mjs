// Durable appends by 32 writers, beside the least that does the same: a unary handler that puts one record and waits for the disk.
import grpc from "@grpc/grpc-js";
import { floor, inTurns, median, row, startFloor, times } from "./measure.mjs";
import { loadPact } from "./floor/proto.mjs";

const WRITERS = 32;
const ROUNDS = 15;
const ROUND_MS = 1_000;

/** Appends for a second with 32 at a time, over as many channels as the writers would have; appends a second. */
function writers(address, token, { pact }) {
  const clients = Array.from({ length: WRITERS }, () => new pact.journal.ConfigService(address, grpc.credentials.createInsecure(), {
    "grpc.enable_http_proxy": 0, "grpc.use_local_subchannel_pool": 1,
  }));
  const metadata = new grpc.Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  const entry = {
    entry_type: "ENTRY_TYPE_COMMIT", scope: { vcluster_id: "ml-training" }, policy_ref: "bench",
    author: { principal: "admin", principal_type: "PRINCIPAL_TYPE_HUMAN", role: "pact-platform-admin" },
  };
  const append = (client) => new Promise((resolve, reject) =>
    client.AppendEntry({ entry }, metadata, { deadline: Date.now() + 10_000 }, (error) => (error ? reject(error) : resolve())));
  return {
    async round() {
      let done = 0;
      const began = performance.now();
      await Promise.all(clients.map(async (client) => {
        for (; performance.now() - began < ROUND_MS; done += 1) await append(client);
      }));
      return done / ((performance.now() - began) / 1000);
    },
    close: () => clients.forEach((client) => client.close()),
  };
}

export async function durableAppends({ env, home, journal, token }) {
  const pact = loadPact(["pact/journal.proto"]);
  const server = await startFloor(floor("append-server.mjs"), [home], env);
  const ours = writers(new URL(journal).host, token, pact);
  const bare = writers(server.line, token, pact);
  const database = await startFloor(floor("lmdb-server.mjs"), [home, String(WRITERS)], env);
  try {
    const [a, b, c] = (await inTurns(ROUNDS, 2, [ours.round, bare.round, () => database.ask(ROUND_MS)])).map(median);
    return [row({
      what: `durable appends, ${WRITERS} writers`, ours: `${a.toFixed(0)}/s`, floorName: "a unary handler doing put and flush",
      floors: `${b.toFixed(0)}/s; lmdb alone ${c.toFixed(0)}/s`, ratio: times(a / b), goal: "≥ 0.6×",
    })];
  } finally {
    ours.close();
    bare.close();
    await server.stop();
    await database.stop();
  }
}
