// The real client, connected to a test's site as one of its users.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { PrincipalType, Setting } from "../../src/api/index.ts";
import { type Client, connect } from "../../src/client/connect.ts";
import type { TestSite } from "./site.ts";

const ROLES: Readonly<Record<string, string>> = {
  ops: "pact-ops-ml-training", admin: "pact-platform-admin", viewer: "pact-viewer-ml-training",
  "reg-a": "pact-regulated-sensitive-compute", "reg-b": "pact-regulated-sensitive-compute",
};

/** Everything the program itself would resolve from settings, as it is for this site. */
export async function clientOf(site: TestSite, user: string): Promise<Client> {
  const token = await site.token(user);
  const journal: Setting<string> = { value: site.file.journal.grpc, from: "flag", where: "the test" };
  let requests = 0;
  return connect({
    journal,
    tls: {},
    agents: {
      map: site.file.profile === "real" ? Object.fromEntries(site.file.nodes.map(({ node_id, endpoint }) => [node_id, endpoint])) : {},
      template: "http://{node}:9445",
      requireTls: false,
      origins: { map: "the test", template: "default" },
    },
    localNode: undefined,
    token: { token: async () => token, refresh: async () => undefined },
    principal: async () => ({ principal: user, type: "human" satisfies PrincipalType, role: ROLES[user] ?? "" }),
    timeoutMs: 20_000,
    nodeTimeoutMs: 10_000,
    requestId: () => `req-test${requests++}`,
    note: () => {},
    debug: () => {},
  });
}

/** Changes a file of a virtual node behind everybody's back; null removes it. */
export function changeFile(site: TestSite, node: string, path: string, content: string | null): void {
  const root = site.file.nodes.find(({ node_id, kind }) => node_id === node && kind === "virtual")?.root;
  if (root === undefined) throw new Error(`no virtual node called ${node}`);
  const file = join(root, path);
  if (content === null) rmSync(file, { force: true });
  else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}
