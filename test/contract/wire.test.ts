// proto/ against the contract's tables (wire.tsv), in both directions. What is ours is listed apart and must be exactly that.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type * as protobufjs from "protobufjs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PROTO_DIR } from "../../src/contract/load.ts";

// The copy that the loader itself uses.
const require = createRequire(createRequire(import.meta.url).resolve("@grpc/proto-loader"));
const protobuf = require("protobufjs") as typeof protobufjs;

const TABLE = fileURLToPath(new URL("../../../test/contract/wire.tsv", import.meta.url));
const OURS = "ours ";

function read(): protobufjs.Root {
  const root = new protobuf.Root();
  const resolve = root.resolvePath.bind(root);
  root.resolvePath = (origin, target) => (target.startsWith("pact/") ? join(PROTO_DIR, target) : resolve(origin, target));
  root.loadSync(readdirSync(join(PROTO_DIR, "pact")).map((name) => `pact/${name}`), { keepCase: true });
  root.resolveAll();
  return root;
}

const plain = (name: string): string => name.replace(/^\./, "");
const typeOf = (field: protobufjs.Field): string => (field.resolvedType === null ? field.type : plain(field.resolvedType.fullName));

function labelOf(field: protobufjs.Field): string {
  if (field instanceof protobuf.MapField) return "map";
  if (field.repeated) return "repeated";
  if (field.partOf === null) return "-";
  // The compiler's own group of one, which `optional` stands for.
  return field.partOf.name.startsWith("_") ? "optional" : `oneof:${field.partOf.name}`;
}

function factsOf(object: protobufjs.ReflectionObject): string[][] {
  const name = plain(object.fullName);
  if (object instanceof protobuf.Enum) return Object.entries(object.values).map(([value, number]) => ["enum", name, value, String(number)]);
  if (object instanceof protobuf.Service) {
    return object.methodsArray.map((method) => {
      const kind = method.requestStream ? "bidi-stream" : method.responseStream ? "server-stream" : "unary";
      return ["service", name, method.name, plain(method.resolvedRequestType?.fullName ?? ""), plain(method.resolvedResponseType?.fullName ?? ""), kind];
    });
  }
  if (object instanceof protobuf.Type) {
    if (object.fieldsArray.length === 0) return [["message", name]];
    return object.fieldsArray.map((field) => {
      const type = field instanceof protobuf.MapField ? `map<${field.keyType},${typeOf(field)}>` : typeOf(field);
      return ["field", name, field.name, String(field.id), type, labelOf(field)];
    });
  }
  return object instanceof protobuf.Namespace ? object.nestedArray.flatMap(factsOf) : [];
}

const lines = (name: string): string[] => readFileSync(name, "utf8").split("\n").filter((line) => line !== "" && !line.startsWith("#"));
const table = lines(TABLE);
const stock = table.filter((line) => !line.startsWith(OURS));
const ours = table.filter((line) => line.startsWith(OURS)).map((line) => line.slice(OURS.length));
const root = read();
const pact = root.lookup("pact");
const facts = pact === null ? [] : factsOf(pact).map((fact) => fact.join("\t"));

const without = (all: readonly string[], these: readonly string[]): string[] => {
  const gone = new Set(these);
  return all.filter((line) => !gone.has(line));
};

test("the tables are whole: 27 methods, and no fact twice", () => {
  assert.is(stock.filter((line) => line.startsWith("service\t")).length, 27);
  assert.equal(table.length, new Set(table.map((line) => line.replace(OURS, ""))).size);
});

test("everything in the contract is in proto/, exactly so", () => {
  assert.equal(without(stock, facts), []);
});

test("everything in proto/ is in the contract or listed as ours", () => {
  assert.equal(without(facts, table.map((line) => line.replace(OURS, ""))), []);
});

test("what is listed as ours is in proto/, and only adds", () => {
  assert.equal(without(ours, facts), []);
  const stockMessages = new Set(stock.map((line) => line.split("\t")[1] ?? ""));
  for (const line of ours) {
    const [kind, owner = "", , number = ""] = line.split("\t");
    // In a message that stock servers know, only numbers they never use.
    if (stockMessages.has(owner)) assert.ok(kind === "field" && Number(number) >= 100, line);
    // A new service lives in our own package.
    if (kind === "service") assert.match(owner, /^pact\.site\./);
  }
});

test("every package is its file, and services that stock servers have are in the stock packages", () => {
  const packages = new Set(facts.map((fact) => (fact.split("\t")[1] ?? "").split(".").slice(0, 2).join(".")));
  assert.equal([...packages].sort(), readdirSync(join(PROTO_DIR, "pact")).map((name) => `pact.${name.replace(/\.proto$/, "")}`).sort());
});

test.run();
