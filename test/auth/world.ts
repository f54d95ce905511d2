// What identity tests start from: a journal's HTTP side with a real provider behind
// it, an empty configuration folder, and ears that hear everything pact says.
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PactError } from "../../src/api/index.ts";
import { openCache, type CachedLogin, type LoginCache } from "../../src/auth/cache.ts";
import { createIdentity, type IdentityOptions } from "../../src/auth/identity.ts";
import { createIdp, type IdpHandle } from "../../src/site/idp/server.ts";
import { Browser } from "../site/idp/browser.ts";
import { CONFIG, movableClock, type MovableClock } from "../site/idp/world.ts";

export const SIGNAL: AbortSignal = new AbortController().signal;

export interface World {
  readonly server: string;
  readonly configDir: string;
  readonly idp: IdpHandle;
  readonly clock: MovableClock;
  readonly cache: LoginCache;
  /** Requests by path, for instance "/oidc/token". */
  readonly hits: Map<string, number>;
  /** Everything pact said: notes, lines of a login, failures with all their parts. */
  readonly said: string[];
  /** Answers a request in the provider's place when it returns true. */
  intercept: ((req: IncomingMessage, res: ServerResponse) => boolean) | undefined;
  identity(change?: Partial<IdentityOptions>): ReturnType<typeof createIdentity>;
  /** A login with the provider's own words, put into the cache. */
  seed(change?: Partial<CachedLogin>): Promise<CachedLogin>;
  /** The failure of a promise, heard; throws when it did not fail with a name. */
  failure(promise: Promise<unknown>): Promise<PactError>;
  tell(line: string): void;
  close(): Promise<void>;
}

export async function startWorld(): Promise<World> {
  const configDir = await mkdtemp(join(tmpdir(), "pact-auth-"));
  const secrets = await mkdtemp(join(tmpdir(), "pact-auth-site-"));
  const clock = movableClock();
  const hits = new Map<string, number>();
  const said: string[] = [];
  const server = createServer((req, res) => answer(req, res));
  const url = await listen(server);
  const idp = await createIdp({ dir: secrets, clock, config: CONFIG }, `${url}/oidc`);
  const answer = (req: IncomingMessage, res: ServerResponse): void => {
    const path = (req.url ?? "").split("?")[0] ?? "";
    hits.set(path, (hits.get(path) ?? 0) + 1);
    if (world.intercept?.(req, res) === true) return;
    if (path === "/auth/discovery") res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(idp.discovery));
    else idp.handler(req, res);
  };
  const world: World = {
    server: url,
    configDir,
    idp,
    clock,
    cache: openCache(configDir, url),
    hits,
    said,
    intercept: undefined,
    identity: (change = {}) =>
      createIdentity({
        server: url,
        configDir,
        token: undefined,
        tokenPath: undefined,
        site: undefined,
        auth: {},
        env: {},
        now: () => new Date(clock.now()),
        timeoutMs: 5000,
        note: (line) => said.push(line),
        openBrowser: () => false,
        ...change,
      }),
    async seed(change = {}) {
      const answer = await loginWithFetch(idp);
      const login: CachedLogin = {
        version: 1,
        server: url,
        access_token: answer.access_token,
        refresh_token: answer.refresh_token,
        expires_at: new Date(clock.now() + 600_000).toISOString(),
        scopes: ["openid"],
        issuer: idp.issuer,
        client_id: "pact-cli",
        token_endpoint: `${idp.issuer}/token`,
        revocation_endpoint: `${idp.issuer}/token/revocation`,
        ...change,
      };
      openCache(configDir, url).write(login);
      hits.clear();
      return login;
    },
    async failure(promise) {
      try {
        await promise;
      } catch (error) {
        if (!(error instanceof PactError)) throw error;
        const { reason, hint, serverHint } = error.about;
        said.push(error.message, error.stack ?? "", reason ?? "", hint ?? "", serverHint ?? "", String(error.cause ?? ""));
        return error;
      }
      throw new Error("it did not fail");
    },
    tell: (line) => void said.push(line),
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await idp.close();
      await rm(configDir, { recursive: true, force: true });
      await rm(secrets, { recursive: true, force: true });
    },
  };
  return world;
}

export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}

/** The URL of a port where nobody listens. */
export async function closedPort(): Promise<string> {
  const server = createServer();
  const url = await listen(server);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return url;
}

/** A browser's part of a code login: opens the page, types the password, comes back. */
export async function drive(idp: IdpHandle, page: string, user: string, password?: string): Promise<{ status: number; text: string; url: URL }> {
  const browser = new Browser();
  const form = await browser.open(page);
  return await browser.submit(form, { username: user, password: password ?? (await idp.passwords.get(user)) });
}

async function loginWithFetch(idp: IdpHandle): Promise<{ access_token: string; refresh_token: string }> {
  const { field, loginAs } = await import("../site/idp/flows.ts");
  const answer = await loginAs(idp.issuer, "ops", await idp.passwords.get("ops"));
  return { access_token: field(answer, "access_token"), refresh_token: field(answer, "refresh_token") };
}

/** Those of the secrets that were said aloud; each should have been kept. */
export function leaks(said: readonly string[], secrets: readonly string[]): string[] {
  return secrets.filter((secret) => secret.length > 3 && said.some((line) => line.includes(secret)));
}
