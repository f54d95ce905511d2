// The site.toml that a first start writes: the people, groups and nodes of a small site, with comments.
import { RESERVED_NODE_NAMES } from "./config.ts";
import { SITE_ID } from "./site-id.ts";

/** A machine's name as a node id: its first label, what an id cannot hold made "-". */
export function hostNodeId(hostname: string): string {
  const label = (hostname.split(".")[0] ?? "").replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "").slice(0, 63);
  if (!SITE_ID.test(label) || RESERVED_NODE_NAMES.has(label)) return "this-host";
  // A machine called like a virtual node must not take its name.
  return /^node-\d+$/.test(label) ? `host-${label}` : label;
}

/** Name of the nth virtual node, from 1. */
export function virtualNodeId(n: number): string {
  return `node-${String(n).padStart(3, "0")}`;
}

/** One [[node]] table. */
export function nodeTable(name: string, vcluster: string, kind: "host" | "virtual"): string {
  return `\n[[node]]\nname = "${name}"\nvcluster = "${vcluster}"\nkind = "${kind}"\n`;
}

/** Text of a new site.toml: this machine in dev-sandbox, virtual nodes in ml-training, the last in sensitive-compute. */
export function firstConfig(hostname: string, nodes: number): string {
  let text = HEAD + nodeTable(hostNodeId(hostname), "dev-sandbox", "host");
  for (let n = 1; n <= nodes; n++) {
    const vcluster = n === nodes && n > 1 ? "sensitive-compute" : "ml-training";
    text += nodeTable(virtualNodeId(n), vcluster, "virtual");
  }
  return text + TAIL;
}

const HEAD = `# The embedded site: who may do what, and which nodes there are.
# Read when the site starts: after a change, \`pact site down\` and \`pact site up\`.

[site]
# Whose token pact uses where nobody logged in.
default_user = "admin"

# People. Roles: pact-platform-admin, pact-ops-VC, pact-viewer-VC, pact-regulated-VC, pact-service-ai.
# Passwords: \`pact site passwd USER\`.
[[user]]
name = "admin"
role = "pact-platform-admin"

[[user]]
name = "ops"
role = "pact-ops-ml-training"

[[user]]
name = "viewer"
role = "pact-viewer-ml-training"

# Two of them: writes in sensitive-compute need a second person.
[[user]]
name = "reg-a"
role = "pact-regulated-sensitive-compute"

[[user]]
name = "reg-b"
role = "pact-regulated-sensitive-compute"

[[user]]
name = "ai"
role = "pact-service-ai"
principal_type = "service"

# Programs that log in with a client id and a secret: \`pact site env --as pact-service\`.
[[client]]
id = "pact-service"
role = "pact-ops-ml-training"

[[vcluster]]
name = "ml-training"

[[vcluster]]
name = "dev-sandbox"

[[vcluster]]
name = "sensitive-compute"
regulated = true
two_person_approval = true

# Nodes. The one of kind "host" is this machine: observed, never changed.
# A virtual node lives in namespaces of its own, below nodes/NAME/root.
`;

const TAIL = `
[agent]
# strict: only whitelisted commands. learning: also records what was refused. bypass: no whitelist.
whitelist_mode = "strict"
# Files whose changes count as drift.
watch_files = ["/etc/**"]
# Bytes of stdout and of stderr that one exec may produce, and how long it may take.
exec_output_limit = "10MiB"
exec_timeout_seconds = 300
max_sessions = 10
`;
