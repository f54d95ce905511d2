// The embedded site's identity provider: an OpenID provider below /oidc of the
// journal's HTTP port, and the tokens that the site itself makes and checks.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Clock, MintToken, SiteConfig, VerifyToken } from "../parts.ts";
import { openKeys } from "./keys.ts";
import { loadLibrary } from "./library.ts";
import { answerLogin, html, type LoginRoute } from "./login.ts";
import { messagePage, SECURITY_HEADERS } from "./pages.ts";
import { openClientSecrets, openPasswords, type Passwords } from "./passwords.ts";
import { CLI_CLIENT, createProvider, SCOPES } from "./provider.ts";
import { openSecrets } from "./secrets.ts";
import { openProviderStore } from "./store.ts";
import { createThrottle } from "./throttle.ts";
import { createTokens } from "./tokens.ts";

export interface IdpOptions {
  /** DIR/secrets, 0700. */
  readonly dir: string;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly clock: Clock;
  readonly config: SiteConfig;
}

export interface IdpHandle {
  /** http://HOST:PORT/oidc */
  readonly issuer: string;
  /** What the journal answers at /auth/discovery. */
  readonly discovery: { readonly idp_url: string; readonly client_id: string; readonly scopes: readonly string[] };
  readonly verify: VerifyToken;
  readonly mint: MintToken;
  /** `set` also ends the user's logins. */
  readonly passwords: { get(user: string): Promise<string>; set(user: string, password: string): Promise<void> };
  /** Throws when the site has no such client. */
  clientSecret(id: string): Promise<string>;
  /** Answers requests whose path is /oidc or below it; 404 for others. Never throws. */
  readonly handler: (req: IncomingMessage, res: ServerResponse) => void;
  close(): Promise<void>;
}

/** Opens the provider for an issuer whose port somebody else listens on. */
export async function createIdp(options: Omit<IdpOptions, "host" | "port">, issuer: string): Promise<IdpHandle> {
  const { dir, clock, config } = options;
  if (config.clients.some(({ id }) => id === CLI_CLIENT)) throw new Error(`a client cannot be called ${CLI_CLIENT}`);
  await openSecrets(dir);
  const passwords = await openPasswords(dir, config.users.map(({ name }) => name));
  const secrets = await openClientSecrets(dir, config.clients.map(({ id }) => id));
  const keys = await openKeys(dir);
  const { errors } = await loadLibrary();
  const store = openProviderStore(dir, clock, () => new errors.InvalidGrant("already used"));
  const mount = new URL(issuer).pathname;
  const provider = await createProvider({ issuer, mount, config, keys, store, secrets, clock });
  const route = { provider, passwords, throttle: createThrottle(clock) };
  return {
    issuer,
    discovery: { idp_url: issuer, client_id: CLI_CLIENT, scopes: [...SCOPES] },
    ...createTokens(keys, issuer, clock),
    passwords: { get: passwords.get, set: async (user, password) => setPassword(passwords, user, password, store.forget) },
    async clientSecret(id) {
      const secret = config.clients.some((client) => client.id === id) ? secrets.get(id) : undefined;
      if (secret === undefined) throw new Error(`the site has no client ${JSON.stringify(id)}`);
      return secret;
    },
    handler: createHandler(route, issuer, mount),
    close: () => store.close(),
  };
}

async function setPassword(passwords: Passwords, user: string, password: string, forget: (user: string) => void): Promise<void> {
  await passwords.set(user, password);
  forget(user);
}

function createHandler(route: LoginRoute, issuer: string, mount: string): IdpHandle["handler"] {
  const { host } = new URL(issuer);
  const answer = route.provider.callback();
  return (req, res) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) res.setHeader(name, value);
    const url = req.url ?? "/";
    const path = url.split("?", 1)[0] ?? url;
    if (req.headers.host !== host) {
      // A page of another name that resolves to loopback must not reach the provider.
      html(res, 421, messagePage("Wrong address", `This is ${issuer}.`));
    } else if (path !== mount && !path.startsWith(`${mount}/`)) {
      html(res, 404, messagePage("Not found", "There is nothing at this address."));
    } else if (path.startsWith(`${mount}/interaction/`)) {
      answerLogin(route, req, res).catch(() => fail(res));
    } else {
      const inner = path.slice(mount.length);
      if (inner === "/auth" || (inner === "/device" && req.method === "GET")) dropSession(req);
      Object.assign(req, { originalUrl: url });
      req.url = url.slice(mount.length) || "/";
      answer(req, res).catch(() => fail(res));
    }
  };
}

/** Each login asks for the password: a session left in the browser is not used, so nobody logs in as the user before. */
function dropSession(req: IncomingMessage): void {
  const kept = (req.headers.cookie ?? "").split(/;\s*/).filter((cookie) => !/^_session(\.|=)/.test(cookie));
  req.headers.cookie = kept.join("; ");
}

function fail(res: ServerResponse): void {
  if (res.headersSent) res.destroy();
  else html(res, 500, messagePage("The login failed", "Start again with: pact login"));
}

/** Opens the provider on a port of its own. */
export async function startIdp(options: IdpOptions): Promise<IdpHandle> {
  let handler: IdpHandle["handler"] = (_req, res) => html(res, 503, messagePage("Starting", "Try again in a moment."));
  const server = createServer((req, res) => handler(req, res));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  try {
    const idp = await createIdp(options, `http://${options.host}:${port}/oidc`);
    handler = idp.handler;
    return {
      ...idp,
      close: async () => {
        await stop();
        await idp.close();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
