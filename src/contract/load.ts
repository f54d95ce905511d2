// Reads one service's definition from proto/ when it is first wanted.
// Loading is per file because reflection data, not parsing, is what costs time.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { ServiceDefinition } from "@grpc/grpc-js";
import type { ConfigServiceClient, ConfigServiceDefinition } from "./gen/pact/journal/ConfigService.ts";
import type { PolicyServiceClient, PolicyServiceDefinition } from "./gen/pact/policy/PolicyService.ts";
import type { EnrollmentServiceClient, EnrollmentServiceDefinition } from "./gen/pact/enrollment/EnrollmentService.ts";
import type { BootConfigServiceClient, BootConfigServiceDefinition } from "./gen/pact/stream/BootConfigService.ts";
import type { ShellServiceClient, ShellServiceDefinition } from "./gen/pact/shell/ShellService.ts";
import type { NodeStateServiceClient, NodeStateServiceDefinition } from "./gen/pact/site/NodeStateService.ts";

/** Every service of the contract: the types of its client and its definition. */
export interface Services {
  "pact.journal.ConfigService": { client: ConfigServiceClient; definition: ConfigServiceDefinition };
  "pact.policy.PolicyService": { client: PolicyServiceClient; definition: PolicyServiceDefinition };
  "pact.enrollment.EnrollmentService": { client: EnrollmentServiceClient; definition: EnrollmentServiceDefinition };
  "pact.stream.BootConfigService": { client: BootConfigServiceClient; definition: BootConfigServiceDefinition };
  "pact.shell.ShellService": { client: ShellServiceClient; definition: ShellServiceDefinition };
  "pact.site.NodeStateService": { client: NodeStateServiceClient; definition: NodeStateServiceDefinition };
}
export type ServiceName = keyof Services;

const FILES: Readonly<Record<ServiceName, string>> = {
  "pact.journal.ConfigService": "pact/journal.proto",
  "pact.policy.PolicyService": "pact/policy.proto",
  "pact.enrollment.EnrollmentService": "pact/enrollment.proto",
  "pact.stream.BootConfigService": "pact/stream.proto",
  "pact.shell.ShellService": "pact/shell.proto",
  "pact.site.NodeStateService": "pact/site.proto",
};

/** Where the .proto files are, in a checkout and in an installed package alike. */
export const PROTO_DIR = fileURLToPath(new URL("../../../proto", import.meta.url));

const require = createRequire(import.meta.url);
const loaded = new Map<ServiceName, ServiceDefinition>();

/**
 * The definition of one service. Messages keep snake_case names, 64-bit numbers
 * are decimal strings, enums are names (unknown numbers stay numbers), absent
 * `optional` fields are undefined.
 */
export function serviceDefinition<N extends ServiceName>(name: N): Services[N]["definition"] {
  let definition = loaded.get(name);
  if (definition === undefined) {
    const loader = require("@grpc/proto-loader") as typeof import("@grpc/proto-loader");
    const all = loader.loadSync(FILES[name], {
      includeDirs: [PROTO_DIR],
      keepCase: true,
      longs: String,
      enums: String,
      defaults: true,
      oneofs: true,
    });
    definition = all[name] as unknown as ServiceDefinition;
    loaded.set(name, definition);
  }
  return definition as Services[N]["definition"];
}
