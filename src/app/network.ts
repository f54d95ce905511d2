// The network services of one set of settings: client and identity, made on
// first use and shared by every line that has the same settings.
import { type Principal, type PrincipalType, PactError } from "../api/index.ts";
import type { Client } from "../client/connect.ts";
import type { IdentityOptions, createIdentity } from "../auth/identity.ts";
import type { KnownNode } from "./name-cache.ts";
import type { Paths } from "./paths.ts";
import { type Remembering, remembering } from "./remember-names.ts";
import type { RunningSite } from "./running-site.ts";
import type { Settings } from "./settings.ts";

/** Who we are, and the tokens that prove it. */
export type CreatedIdentity = ReturnType<typeof createIdentity>;

export interface Network {
  identity(): Promise<CreatedIdentity>;
  client(): Promise<Client>;
  /** Names of nodes that this principal saw at this server, in this run or an earlier one; empty when none are kept. */
  keptNames(): Promise<readonly KnownNode[]>;
  close(): Promise<void>;
}

export interface NetworkContext {
  readonly settings: Settings;
  readonly site: RunningSite | undefined;
  readonly paths: Paths;
  readonly env: NodeJS.ProcessEnv;
  readonly now: () => Date;
  readonly note: (line: string) => void;
  readonly debug: (line: string) => void;
  /** Absent when nobody can be asked. */
  readonly ask: ((question: string, secret: boolean) => Promise<string>) | undefined;
  /** Hears the server's clock with every answer that tells it. */
  readonly serverTime?: (time: Date) => void;
}

/** Two runs with equal keys share one Network. The token's text is part of it and never leaves memory. */
export const networkKey = (settings: Settings): string =>
  JSON.stringify([settings.endpoint.value, settings.token?.value, settings.tokenPath?.value, settings.timeoutS.value,
    settings.nodeTimeoutS.value, settings.agentTemplate.value, settings.agentMap, settings.requireTls.value, settings.tls, settings.auth]);

const sameEndpoint = (a: string, b: string): boolean => {
  try {
    return new URL(a).href === new URL(b).href;
  } catch {
    return false;
  }
};

/** A token that a server refused, with what helps where a login would not replace it. */
export function withSource(failure: PactError, identity: CreatedIdentity): PactError {
  const { requestId, hint } = failure.about;
  const hiding = failure.failure === "unauthenticated" && requestId !== undefined && hint === "pact login" ? identity.hiding() : undefined;
  if (hiding === undefined) return failure;
  const reason = [failure.about.reason, `it is ${hiding.what}, which a login does not replace`].filter((part) => part !== undefined).join("; ");
  return new PactError(failure.failure, failure.message, { ...failure.about, reason, hint: hiding.remedy });
}

/** Nothing is configured and nothing listens: then it is a journal that is missing, not a login. */
async function tokenOr(tokens: CreatedIdentity, { settings, site }: NetworkContext, signal: AbortSignal): Promise<string> {
  try {
    return await tokens.token(signal);
  } catch (error) {
    const nowhere = settings.endpoint.from === "default" && site === undefined && !(await listens(settings.endpoint.value));
    if (!nowhere || !(error instanceof PactError) || error.failure !== "unauthenticated") throw error;
    throw new PactError("unreachable", `no journal at ${settings.endpoint.value}`, {
      reason: "no endpoint is configured and no embedded site of yours runs", hint: "pact site up --detach", cause: error,
    });
  }
}

const PROBE_MS = 500;

/** Whether anything accepts connections at a URL of this machine. */
async function listens(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const { connect } = await import("node:net");
  return await new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), timeout: PROBE_MS });
    const answer = (yes: boolean) => (): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.on("connect", answer(true)).on("error", answer(false)).on("timeout", answer(false));
  });
}

/** The running site, where its journal is the one that is spoken to. */
const ownSite = ({ site, settings }: NetworkContext): RunningSite | undefined =>
  site !== undefined && sameEndpoint(site.file.journal.grpc, settings.endpoint.value) ? site : undefined;

/** What an identity is made from, by these settings. */
export function identityOptions(context: NetworkContext): IdentityOptions {
  const { settings, paths } = context;
  const site = ownSite(context);
  return {
    server: settings.endpoint.value,
    configDir: paths.config,
    token: settings.token,
    tokenPath: settings.tokenPath,
    site: site === undefined ? undefined : { dir: site.dir, discoveryUrl: `${site.file.journal.http}/auth/discovery` },
    auth: settings.auth,
    env: context.env,
    now: context.now,
    timeoutMs: settings.timeoutS.value * 1000,
    ...(Object.keys(settings.tls).length === 0 ? {} : { tls: async () => (await import("../client/tls-files.ts")).readTlsFiles(settings.tls) }),
    note: context.note,
    ...(context.ask === undefined ? {} : { ask: context.ask }),
  };
}

export function createNetwork(context: NetworkContext): Network {
  const { settings } = context;
  const site = ownSite(context);
  let identity: Promise<CreatedIdentity> | undefined;
  let client: Promise<Client> | undefined;

  const makeIdentity = async (): Promise<CreatedIdentity> => {
    const { createIdentity } = await import("../auth/identity.ts");
    return createIdentity(identityOptions(context));
  };
  const getIdentity = (): Promise<CreatedIdentity> => (identity ??= makeIdentity());

  const principal = async (): Promise<Principal> => {
    const who = await (await getIdentity()).whoami();
    return { principal: who.principal, type: who.principalType as PrincipalType, role: who.role };
  };

  let remembered: Remembering | undefined;
  /** A read-only session writes nothing at all. */
  const withNames = (made: Client): Client => {
    if (settings.readOnly) return made;
    remembered = remembering(made.enrollment, async (filter, nodes) => {
      const [{ principal: who }, { keepNames }] = await Promise.all([principal(), import("./name-cache.ts")]);
      keepNames(context.paths.cache, { endpoint: settings.endpoint.value, principal: who, filter, nodes }, context.now().getTime());
    });
    return { ...made, enrollment: remembered.enrollment };
  };

  const makeClient = async (): Promise<Client> => {
    const [{ connect }, { randomBytes }, tokens] = await Promise.all([import("../client/connect.ts"), import("node:crypto"), getIdentity()]);
    const siteAgents = Object.fromEntries((site?.file.nodes ?? []).map(({ node_id, endpoint }) => [node_id, endpoint]));
    const host = site?.file.nodes.find(({ kind }) => kind === "host");
    return withNames(connect({
      journal: settings.endpoint,
      tls: settings.tls,
      agents: {
        // A site's own agents are known even where its journal, as stock ones do, keeps no addresses.
        map: { ...siteAgents, ...settings.agentMap },
        template: settings.agentTemplate.value,
        requireTls: settings.requireTls.value,
        origins: { map: site === undefined ? "[agents] in cli.toml" : "[agents] in cli.toml, or site.json", template: settings.agentTemplate.where },
      },
      localNode: host === undefined ? undefined : { name: host.node_id, endpoint: host.endpoint },
      token: { refresh: (rejected, signal) => tokens.refresh(rejected, signal), token: (signal) => tokenOr(tokens, context, signal) },
      principal,
      timeoutMs: settings.timeoutS.value * 1000,
      nodeTimeoutMs: settings.nodeTimeoutS.value * 1000,
      requestId: () => `req-${randomBytes(4).toString("hex")}`,
      note: context.note,
      debug: context.debug,
      ...(context.serverTime === undefined ? {} : { serverTime: context.serverTime }),
    }));
  };

  return {
    identity: getIdentity,
    client: () => (client ??= makeClient()),
    async keptNames() {
      const { keptNames } = await import("./name-cache.ts");
      return keptNames(context.paths.cache, settings.endpoint.value, (await principal()).principal);
    },
    async close() {
      await remembered?.kept();
      const opened = await client?.catch(() => undefined);
      opened?.close();
    },
  };
}
