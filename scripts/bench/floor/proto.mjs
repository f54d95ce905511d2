// The wire contract for programs of the bench, as anybody would load it.
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const proto = fileURLToPath(new URL("../../../proto", import.meta.url));

export function loadPact(files) {
  const definition = loader.loadSync(files, { includeDirs: [proto], keepCase: true, longs: String, enums: String, defaults: true, oneofs: true });
  return grpc.loadPackageDefinition(definition);
}
