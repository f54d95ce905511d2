// Makes one service's definition when it is first wanted, from what the build made of proto/.
// One file a service, and no descriptors for reflection: making those is what costs time.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ServiceDefinition } from "@grpc/grpc-js";
import protobuf from "protobufjs/light.js";
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

/** Where the .proto files are, in a checkout and in an installed package alike. */
export const PROTO_DIR = fileURLToPath(new URL("../../../proto", import.meta.url));

const loaded = new Map<ServiceName, ServiceDefinition>();

/** How messages look: see serviceDefinition. */
const FORM: protobuf.IConversionOptions = { longs: String, enums: String, defaults: true, oneofs: true };

function coder(type: protobuf.Type): { serialize: (value: object) => Buffer; deserialize: (bytes: Buffer) => object } {
  return {
    serialize(value) {
      const bytes = type.encode(type.fromObject(value)).finish();
      return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    deserialize: (bytes) => type.toObject(type.decode(bytes), FORM),
  };
}

function method(service: string, { name, requestStream, responseStream, resolvedRequestType, resolvedResponseType }: protobuf.Method): ServiceDefinition[string] {
  if (resolvedRequestType === null || resolvedResponseType === null) throw new Error(`${service}.${name} has no types`);
  const [request, response] = [coder(resolvedRequestType), coder(resolvedResponseType)];
  return {
    path: `/${service}/${name}`,
    originalName: name.charAt(0).toLowerCase() + name.slice(1),
    requestStream: requestStream === true,
    responseStream: responseStream === true,
    requestSerialize: request.serialize,
    requestDeserialize: request.deserialize,
    responseSerialize: response.serialize,
    responseDeserialize: response.deserialize,
  };
}

/**
 * The definition of one service. Messages keep snake_case names, 64-bit numbers
 * are decimal strings, enums are names (unknown numbers stay numbers), absent
 * `optional` fields are undefined.
 */
export function serviceDefinition<N extends ServiceName>(name: N): Services[N]["definition"] {
  let definition = loaded.get(name);
  if (definition === undefined) {
    const json: protobuf.INamespace = JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), "utf8"));
    const root = protobuf.Root.fromJSON(json).resolveAll();
    const { methodsArray } = root.lookupService(name);
    definition = Object.fromEntries(methodsArray.map((each) => [each.name, method(name, each.resolve() as protobuf.Method)]));
    loaded.set(name, definition);
  }
  // The build makes the types of the gen folder and the JSON of the same files.
  return definition as unknown as Services[N]["definition"];
}
