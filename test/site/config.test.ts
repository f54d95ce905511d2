// site.toml: what is taken, and how what is not is told.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { AGENT_DEFAULTS, readConfig } from "../../src/site/config.ts";
import { firstConfig, hostNodeId, virtualNodeId } from "../../src/site/first-config.ts";

const BASE = `[site]\ndefault_user = "a"\n[[user]]\nname = "a"\nrole = "pact-platform-admin"\n[[vcluster]]\nname = "v"\n`;
const read = (more: string) => readConfig(BASE + more, "site.toml");

test("a new site has the documented users, client, vClusters and nodes", () => {
  const config = readConfig(firstConfig("login1.example.org", 2), "site.toml");
  assert.is(config.defaultUser, "admin");
  assert.equal(config.users.map((user) => `${user.name} ${user.role} ${user.principalType}`), [
    "admin pact-platform-admin human",
    "ops pact-ops-ml-training human",
    "viewer pact-viewer-ml-training human",
    "reg-a pact-regulated-sensitive-compute human",
    "reg-b pact-regulated-sensitive-compute human",
    "ai pact-service-ai service",
  ]);
  assert.equal(config.clients.map((client) => client.id), ["pact-service"]);
  assert.equal(config.vclusters, [
    { name: "ml-training", regulated: false, twoPersonApproval: false },
    { name: "dev-sandbox", regulated: false, twoPersonApproval: false },
    { name: "sensitive-compute", regulated: true, twoPersonApproval: true },
  ]);
  assert.equal(config.nodes, [
    { name: "login1", vcluster: "dev-sandbox", kind: "host" },
    { name: "node-001", vcluster: "ml-training", kind: "virtual" },
    { name: "node-002", vcluster: "sensitive-compute", kind: "virtual" },
  ]);
  assert.equal(config.agent, AGENT_DEFAULTS);
});

test("any number of nodes makes a valid file", () => {
  for (const nodes of [0, 1, 3, 300]) {
    const config = readConfig(firstConfig("h", nodes), "site.toml");
    assert.is(config.nodes.length, nodes + 1);
    assert.is(config.nodes.filter((node) => node.vcluster === "sensitive-compute").length, nodes > 1 ? 1 : 0);
  }
  assert.is(virtualNodeId(7), "node-007");
  assert.is(virtualNodeId(1234), "node-1234");
});

test("a machine's name becomes an id that collides with nothing", () => {
  assert.is(hostNodeId("login1.example.org"), "login1");
  assert.is(hostNodeId("-büro rechner"), "b-ro-rechner");
  assert.is(hostNodeId(""), "this-host");
  assert.is(hostNodeId("localhost"), "this-host");
  assert.is(hostNodeId("node-001"), "host-node-001");
  assert.is(hostNodeId("x".repeat(200)).length, 63);
});

test("sizes are bytes, or numbers with a binary unit", () => {
  const limit = (text: string): number => read(`[agent]\nexec_output_limit = ${text}\n`).agent.execOutputLimit;
  assert.equal(['4096', '"4096"', '"64KiB"', '"10 MiB"', '"1GiB"'].map(limit), [4096, 4096, 65_536, 10_485_760, 1_073_741_824]);
});

const refused: readonly (readonly [string, string, RegExp])[] = [
  ["broken TOML", "[[node]\n", /^site\.toml:8: .*column/],
  ["an unknown key", `[[node]]\nname = "n"\nvcluster = "v"\ncolour = "red"\n`, /^site\.toml:11: unknown key "colour" in node/],
  ["an unknown table", "[nodes]\n", /^site\.toml:8: unknown key "nodes"/],
  ["one table where several belong", `[vclusters]\n`, /unknown key/],
  ["a single table for a list", `[client]\nid = "x"\n`, /^site\.toml:8: write \[\[client\]\]/],
  ["a node of no vCluster", `[[node]]\nname = "n"\nvcluster = "w"\n`, /^site\.toml:10: there is no vcluster "w"/],
  ["two nodes of one name", `[[node]]\nname = "n"\nvcluster = "v"\n[[node]]\nname = "n"\nvcluster = "v"\n`, /^site\.toml:12: "n" is there twice/],
  ["two hosts", `[[node]]\nname = "n"\nvcluster = "v"\nkind = "host"\n[[node]]\nname = "m"\nvcluster = "v"\nkind = "host"\n`, /^site\.toml:15: "n" is the host/],
  ["a node called local", `[[node]]\nname = "local"\nvcluster = "v"\n`, /^site\.toml:9: "local" always means this machine/],
  ["a name that is a path", `[[node]]\nname = "../n"\nvcluster = "v"\n`, /^site\.toml:9: name must be/],
  ["a name with an escape", `[[user]]\nname = "a\\u001b[31m"\nrole = "r"\n`, /^site\.toml:9: name must be/],
  ["a missing key", `[[user]]\nname = "b"\n`, /^site\.toml:8: user needs role/],
  ["a client that is a user", `[[client]]\nid = "a"\nrole = "r"\n`, /^site\.toml:9: "a" is a user already/],
  ["a number as text", `[agent]\nmax_sessions = "3"\n`, /^site\.toml:9: max_sessions must be a whole number/],
  ["a number out of range", `[agent]\nexec_timeout_seconds = 0\n`, /^site\.toml:9: exec_timeout_seconds must be .* from 1/],
  ["a size with a unit nobody knows", `[agent]\nexec_output_limit = "1TB"\n`, /^site\.toml:9: exec_output_limit must be a size from 1KiB to 1GiB/],
  ["a size out of range", `[agent]\nexec_output_limit = "2GiB"\n`, /^site\.toml:9: exec_output_limit must be a size/],
  ["a wrong mode", `[agent]\nwhitelist_mode = "off"\n`, /^site\.toml:9: whitelist_mode must be one of strict, learning, bypass/],
  ["a watched path that climbs", `[agent]\nwatch_files = ["/etc/../root/**"]\n`, /^site\.toml:9: watch_files must hold/],
  ["yes for true", `[[vcluster]]\nname = "w"\nregulated = "yes"\n`, /^site\.toml:10: regulated must be true or false/],
  ["a limit nobody knows", `[limits]\nspeed = 1\n`, /^site\.toml:9: unknown key "speed" in limits/],
];
for (const [what, text, message] of refused) {
  test(`${what} is refused with its line`, () => {
    assert.throws(() => read(text), message);
  });
}

test("a default user who is not there is refused", () => {
  assert.throws(() => readConfig(`[site]\ndefault_user = "z"\n[[user]]\nname = "a"\nrole = "r"\n`, "f"), /^f:2: there is no user "z"/);
  assert.throws(() => readConfig("", "f"), /^f:1: site needs default_user/);
});

test.run();
