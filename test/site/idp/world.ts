// What provider tests start from: a folder, a clock that can be moved, a site with
// the usual users, and a running provider.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startIdp, type IdpHandle } from "../../../src/site/idp/server.ts";
import type { Clock, SiteConfig } from "../../../src/site/parts.ts";

export interface MovableClock extends Clock {
  advance(ms: number): void;
}

export function movableClock(): MovableClock {
  let ahead = 0;
  return {
    now: () => Date.now() + ahead,
    at: () => () => undefined,
    advance(ms) {
      ahead += ms;
    },
  };
}

export const CONFIG: SiteConfig = {
  defaultUser: "admin",
  users: [
    { name: "admin", role: "pact-platform-admin", principalType: "human" },
    { name: "ops", role: "pact-ops-ml-training", principalType: "human" },
    { name: "ai", role: "pact-service-ai", principalType: "agent" },
  ],
  clients: [{ id: "pact-service", role: "pact-ops-ml-training" }],
  vclusters: [],
  nodes: [],
  agent: { whitelistMode: "strict", watchFiles: [], watchSysctl: [], execOutputLimit: 1, execTimeoutS: 1, maxSessions: 1 },
};

export interface IdpWorld {
  readonly dir: string;
  readonly clock: MovableClock;
  readonly idp: IdpHandle;
  /** Closes the provider and starts it again on the same port. */
  restart(): Promise<IdpHandle>;
  close(): Promise<void>;
}

export async function startWorld(config: SiteConfig = CONFIG): Promise<IdpWorld> {
  const dir = await mkdtemp(join(tmpdir(), "pact-idp-"));
  const clock = movableClock();
  let idp = await startIdp({ dir, host: "127.0.0.1", port: 0, clock, config });
  return {
    dir,
    clock,
    idp,
    async restart() {
      const port = Number(new URL(idp.issuer).port);
      await idp.close();
      idp = await startIdp({ dir, host: "127.0.0.1", port, clock, config });
      return idp;
    },
    async close() {
      await idp.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
