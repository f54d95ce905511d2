// A process of its own that runs a journal until it is killed; says where it listens in one line of JSON.
import { realClock } from "../../../src/site/clock.ts";
import { startJournal } from "../../../src/site/journal/server.ts";
import { CONFIG, verify } from "./support.ts";

const handle = await startJournal({
  dir: process.argv[2] ?? "", host: "127.0.0.1", ports: { grpc: 0, http: 0 }, profile: "embedded", clock: realClock(), config: CONFIG, verify,
  discovery: () => ({ idp_url: "", client_id: "", scopes: [] }),
});
process.stdout.write(`${JSON.stringify({ grpc: handle.grpc })}\n`);
