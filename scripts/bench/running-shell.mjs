// `status NODE` typed in a running shell, from Enter to the last byte, beside the same calls on open channels.
import grpc from "@grpc/grpc-js";
import { inTurns, median, ms, quantile, row, times } from "./measure.mjs";
import { loadPact } from "./floor/proto.mjs";
import { PROMPT, startShell } from "./terminal.mjs";

const ROUNDS = 101;
/** A shell runs for hours: what counts is how it answers once V8 has compiled it. The first lines are told beside. */
const WARM_UP = 300;
const FIRST = 10;

export async function runningShell({ env, agent, journal, token }) {
  const { pact } = loadPact(["pact/enrollment.proto", "pact/site.proto"]);
  const options = { "grpc.enable_http_proxy": 0 };
  const enrollment = new pact.enrollment.EnrollmentService(new URL(journal).host, grpc.credentials.createInsecure(), options);
  const state = new pact.site.NodeStateService(new URL(agent).host, grpc.credentials.createInsecure(), options);
  const metadata = new grpc.Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  const call = (client, method, request) => new Promise((resolve, reject) =>
    client[method](request, metadata, { deadline: Date.now() + 10_000 }, (error, answer) => (error ? reject(error) : resolve(answer))));
  const bare = async () => {
    const began = performance.now();
    await call(enrollment, "InspectNode", { node_id: "node-001" });
    await call(state, "GetNodeState", { node_id: "node-001", drift: true, window: true, capability: true });
    return performance.now() - began;
  };
  const shell = await startShell(env);
  const line = "status node-001";
  const typed = async () => {
    await shell.send(line, (text) => text.replace(/\u001b\[[\d;?]*[A-Za-z]/g, "").includes(line));
    return await shell.send("\r", (text) => /node-001 +ml-tr/.test(text) && PROMPT.test(text));
  };
  try {
    const [first] = await inTurns(FIRST, 0, [typed]);
    const [ours, floors] = await inTurns(ROUNDS, WARM_UP, [typed, bare]);
    return [row({
      what: "`status NODE` in a running shell", ours: `${ms(median(ours))}, p99 ${ms(quantile(ours, 0.99))}; its first ${FIRST}: ${ms(median(first))}`, floorName: "the same calls on open channels",
      floors: ms(median(floors)), ratio: times(median(ours) / median(floors)), goal: "≤ 5 ms, ≤ 3×",
    })];
  } finally {
    enrollment.close();
    state.close();
    await shell.stop("\u0004");
  }
}
