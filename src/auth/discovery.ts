// Where to log in: the journal's /auth/discovery, and what [auth] in cli.toml says
// instead of it or when the journal is down (PAuth3: no token is needed).
import { PactError } from "../api/index.ts";
import { codeOf } from "./cache.ts";
import { fetchJson, type Limits } from "./fetching.ts";
import { interrupted } from "./problems.ts";
import { maySend } from "./server-url.ts";
import { tlsProblem } from "./tls-problem.ts";
import { visible } from "./visible.ts";

export interface AuthSettings {
  readonly idpUrl?: string;
  readonly clientId?: string;
  readonly scopes?: readonly string[];
  readonly resource?: string;
  readonly callbackPort?: number;
}

export interface LoginPlace {
  readonly idp: URL;
  readonly clientId: string;
  readonly scopes: readonly string[];
}

const DEFAULT_CLIENT = "pact-cli";
const DEFAULT_SCOPES = ["openid", "profile"] as const;
const HTTP_PORT = "9091";
/** A gRPC port may swallow the question; the next address must still get its turn. */
const LONGEST_TRY_MS = 5000;

type Answer = Partial<Record<"idpUrl" | "clientId", string>> & { readonly scopes?: readonly string[] };

/** Asks the journal only for what the settings leave open. */
export async function findLoginPlace(server: string, discoveryUrl: string | undefined, auth: AuthSettings, limits: Limits): Promise<LoginPlace> {
  const complete = auth.idpUrl !== undefined && auth.clientId !== undefined;
  const answer = complete ? {} : await askJournal(server, discoveryUrl, limits, auth.idpUrl !== undefined);
  const idpUrl = auth.idpUrl ?? answer.idpUrl ?? "";
  if (idpUrl === "") {
    throw new PactError("unauthenticated", `the journal at ${server} names no identity provider`, { hint: "set PACT_TOKEN, or idp_url below [auth] in cli.toml" });
  }
  return {
    idp: checkAddress(idpUrl, server),
    clientId: auth.clientId ?? answer.clientId ?? DEFAULT_CLIENT,
    scopes: auth.scopes ?? answer.scopes ?? DEFAULT_SCOPES,
  };
}

function checkAddress(text: string, server: string): URL {
  let url: URL | undefined;
  try {
    url = new URL(text);
  } catch {
    // Said below.
  }
  if (url === undefined || url.username !== "" || url.password !== "" || !/^https?:$/.test(url.protocol)) {
    throw new PactError("unauthenticated", `${JSON.stringify(visible(text))} is not an identity provider's address`);
  }
  if (!maySend(url, server)) {
    throw new PactError("unauthenticated", `the identity provider at ${visible(url.href)} is not encrypted`, { reason: "passwords and tokens go to another machine by https only", hint: "set an https address as idp_url below [auth] in cli.toml" });
  }
  return url;
}

/** The addresses that may answer, best first. Where the right one is known, no other is tried: it might be another journal's. */
export function discoveryAddresses(server: string, discoveryUrl: string | undefined): readonly string[] {
  if (discoveryUrl !== undefined) return [discoveryUrl];
  const url = new URL(server);
  return [...new Set([`${server}/auth/discovery`, `${url.protocol}//${url.hostname}:${HTTP_PORT}/auth/discovery`])];
}

async function askJournal(server: string, discoveryUrl: string | undefined, limits: Limits, optional: boolean): Promise<Answer> {
  const reasons: string[] = [];
  let advice: string | undefined;
  for (const address of discoveryAddresses(server, discoveryUrl)) {
    try {
      return parse(await fetchJson(address, { ...limits, timeoutMs: Math.min(limits.timeoutMs, LONGEST_TRY_MS) }));
    } catch (error) {
      if (limits.signal.aborted) throw interrupted();
      // Files of ours that cannot be used, not an answer.
      if (error instanceof PactError) throw error;
      const tls = tlsProblem(error);
      advice ??= tls?.hint;
      reasons.push(`${address}: ${tls?.reason ?? visible(reasonOf(error))}`);
    }
  }
  if (optional) return {};
  throw new PactError("unreachable", `cannot ask the journal at ${server} where to log in`, { reason: reasons.join("; "), hint: advice ?? "set idp_url below [auth] in cli.toml to log in without it" });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "failed";
  if (error.name === "TimeoutError") return "no answer in time";
  return error.cause instanceof Error ? codeOf(error.cause) : error.message;
}

function parse(value: unknown): Answer {
  if (typeof value !== "object" || value === null || !("idp_url" in value) || typeof value.idp_url !== "string") {
    throw new Error("it answers something else than a login discovery");
  }
  const clientId = "client_id" in value && typeof value.client_id === "string" && value.client_id !== "" ? value.client_id : undefined;
  const scopes = "scopes" in value && Array.isArray(value.scopes) && value.scopes.every((scope): scope is string => typeof scope === "string") ? value.scopes : undefined;
  return { idpUrl: value.idp_url, ...(clientId === undefined ? {} : { clientId }), ...(scopes === undefined ? {} : { scopes }) };
}
