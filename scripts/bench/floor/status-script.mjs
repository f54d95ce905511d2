// What somebody would write instead of `pact status NODE --output json`: the same two calls with the same token.
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const proto = fileURLToPath(new URL("../../../proto", import.meta.url));
const definition = loader.loadSync(["pact/enrollment.proto", "pact/site.proto"], {
  includeDirs: [proto], keepCase: true, longs: String, enums: String, defaults: true, oneofs: true,
});
const { pact } = grpc.loadPackageDefinition(definition);
const { BENCH_NODE: node, BENCH_AGENT: agent, PACT_ENDPOINT: journal, PACT_TOKEN: token } = process.env;
const metadata = new grpc.Metadata();
metadata.set("authorization", `Bearer ${token}`);

const call = (Service, url, method, request) => new Promise((resolve, reject) => {
  const client = new Service(new URL(url).host, grpc.credentials.createInsecure());
  client[method](request, metadata, { deadline: Date.now() + 10_000 }, (error, answer) => {
    client.close();
    if (error) reject(error);
    else resolve(answer);
  });
});

const record = await call(pact.enrollment.EnrollmentService, journal, "InspectNode", { node_id: node });
const state = await call(pact.site.NodeStateService, agent, "GetNodeState", { drift: true, window: true, capability: true });
process.stdout.write(`${JSON.stringify({ record, state })}\n`);
