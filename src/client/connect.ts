// The client put together. Nothing is opened, and nothing of gRPC loaded, before the first call.
import type { Agents, Enrollment, Journal, Policy, Principal, Setting } from "../api/index.ts";
import { AgentDirectory } from "./agents.ts";
import type { TokenSupplier } from "./bearer.ts";
import { Link, type Shared } from "./channel.ts";
import { parseEndpoint } from "./endpoint.ts";
import { createEnrollment } from "./enrollment.ts";
import { createJournal } from "./journal.ts";
import { thisMachine } from "./peer.ts";
import { createPolicy } from "./policy.ts";
import type { TlsFiles } from "./tls-files.ts";

export interface ClientOptions {
  /** URL, such as http://localhost:9443. */
  readonly journal: Setting<string>;
  readonly tls: TlsFiles;
  readonly agents: {
    readonly map: Readonly<Record<string, string>>;
    readonly template: string;
    readonly requireTls: boolean;
    readonly origins: { readonly map: string; readonly template: string };
  };
  /** The host node of a running site of this user, if `journal` is that site's. */
  readonly localNode: { readonly name: string; readonly endpoint: string } | undefined;
  readonly token: TokenSupplier;
  /** From the token's claims: author of entries. */
  readonly principal: () => Promise<Principal>;
  /** Bounds each unary call to the journal and each connect, in ms. */
  readonly timeoutMs: number;
  /** Bounds the first contact with an agent, in ms. */
  readonly nodeTimeoutMs: number;
  readonly requestId: () => string;
  /** Warnings for the operator, each once a session. */
  readonly note: (line: string) => void;
  readonly debug: (line: string) => void;
  /** Hears the server's clock with every answer that tells it. */
  readonly serverTime?: (time: Date) => void;
}

export interface Client {
  readonly journal: Journal;
  readonly enrollment: Enrollment;
  readonly policy: Policy;
  readonly agents: Agents;
  close(): void;
}

/** Throws usage when the journal's URL cannot be used. */
export function connect(options: ClientOptions): Client {
  const { journal: setting, timeoutMs, nodeTimeoutMs, principal, note } = options;
  let noted = false;
  const shared: Shared = {
    token: options.token,
    tls: options.tls,
    machine: thisMachine(),
    requestId: options.requestId,
    debug: options.debug,
    noteClearText(line) {
      if (!noted) note(line);
      noted = true;
    },
    serverTime: options.serverTime ?? (() => {}),
    requireTls: options.agents.requireTls,
  };
  const endpoint = parseEndpoint(setting.value, "journal", setting.where);
  const link = new Link({ kind: "journal", address: { ...setting, value: endpoint.url } }, endpoint, shared);
  const policy = createPolicy({ link, principal, timeoutMs });
  const enrollment = createEnrollment({ link, timeoutMs });
  const agents = new AgentDirectory({
    shared, enrollment, timeoutMs, nodeTimeoutMs,
    agents: options.agents,
    localNode: options.localNode,
    journalIsOurs: () => link.ours,
  });
  return {
    journal: createJournal({ link, policy, principal, timeoutMs, note }),
    enrollment,
    policy,
    agents,
    close() {
      link.close();
      agents.close();
    },
  };
}
