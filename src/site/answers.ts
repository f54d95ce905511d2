// What the control socket answers.
import { randomBytes } from "node:crypto";
import type { ControlRequest } from "../contract/control.ts";
import { isTestClock } from "./clock.ts";
import type { SiteIdentity } from "./identity.ts";
import type { Clock, SiteConfig } from "./parts.ts";

/** How long a token lives that the owner asks for from outside, in seconds; the client asks for an hour. */
const TOKEN_S = 600;

export interface Answering {
  readonly config: SiteConfig;
  readonly clock: Clock;
  readonly identity: SiteIdentity;
  /** Does something to a node and tells how it is then. */
  readonly node: (name: string, action: "stop" | "freeze" | "cut" | "resume") => Promise<void>;
  /** Number of nodes that serve. */
  readonly nodesUp: () => number;
  readonly down: () => void;
}

type Subject = Parameters<SiteIdentity["mint"]>[0];

/** A user, or a client acting for itself. */
function subjectOf(config: SiteConfig, name: string): Subject {
  const user = config.users.find((one) => one.name === name);
  if (user !== undefined) return { sub: user.name, role: user.role, principalType: user.principalType };
  const client = config.clients.find((one) => one.id === name);
  if (client !== undefined) return { sub: client.id, role: client.role, principalType: "service" };
  throw new Error(`the site has no user "${name}"; it has ${config.users.map((one) => one.name).join(", ")}`);
}

async function token(site: Answering, request: Extract<ControlRequest, { do: "token" }>): Promise<object> {
  const ttl = request.ttl_s ?? TOKEN_S;
  const subject = subjectOf(site.config, request.user ?? site.config.defaultUser);
  const text = await site.identity.mint(subject, ttl);
  return { token: text, user: subject.sub, role: subject.role, expires_at: new Date(site.clock.now() + ttl * 1000).toISOString() };
}

function logins(site: Answering): NonNullable<SiteIdentity["logins"]> {
  if (site.identity.logins === undefined) throw new Error("the real profile has no logins, as stock servers have none; use `pact site token USER`");
  return site.identity.logins;
}

async function password(site: Answering, request: Extract<ControlRequest, { do: "password" }>): Promise<object> {
  const { user, set } = request;
  if (!site.config.users.some((one) => one.name === user)) subjectOf(site.config, user);
  if (set !== undefined) await logins(site).setPassword(user, set === "" ? randomBytes(12).toString("base64url") : set);
  return { user, password: await logins(site).password(user) };
}

function clock(site: Answering, request: Extract<ControlRequest, { do: "clock" }>): object {
  const { clock } = site;
  const moves = request.advance_s !== undefined || request.rate !== undefined;
  if (!isTestClock(clock)) {
    if (moves) throw new Error("this site goes by the machine's clock; start it with `pact site up --test-clock`");
    return { now: new Date(clock.now()).toISOString(), rate: 1, test: false };
  }
  if (request.rate !== undefined) clock.setRate(request.rate);
  if (request.advance_s !== undefined) clock.advance(request.advance_s * 1000);
  return { now: new Date(clock.now()).toISOString(), rate: clock.rate, test: true };
}

/** The function that the control socket calls for each request. */
export function answerControl(site: Answering): (request: ControlRequest) => Promise<object> {
  return async (request) => {
    switch (request.do) {
      case "ping":
        return { pid: process.pid, nodes_up: site.nodesUp() };
      case "users":
        return {
          default_user: site.config.defaultUser,
          users: site.config.users.map((user) => ({ name: user.name, role: user.role })),
          clients: site.config.clients.map((client) => ({ id: client.id, role: client.role })),
        };
      case "token":
        return token(site, request);
      case "password":
        return password(site, request);
      case "client_secret":
        if (!site.config.clients.some((one) => one.id === request.id)) throw new Error(`the site has no client "${request.id}"`);
        return { id: request.id, secret: await logins(site).clientSecret(request.id) };
      case "clock":
        return clock(site, request);
      case "node":
        await site.node(request.name, request.action);
        return { name: request.name, action: request.action, nodes_up: site.nodesUp() };
      case "down":
        // After the answer has left.
        setImmediate(site.down);
        return { pid: process.pid };
    }
  };
}
