// The OAuth requests of a client, spelled out, so that provider tests do not depend
// on pact's own client.
import { createHash, randomBytes } from "node:crypto";
import { Browser, type Page } from "./browser.ts";

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export async function post(url: string, form: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const response = await fetch(url, { method: "POST", body: new URLSearchParams(form), headers: { connection: "close", ...headers } });
  const text = await response.text();
  return { status: response.status, body: text === "" ? {} : JSON.parse(text) };
}

export interface Started {
  readonly browser: Browser;
  readonly page: Page;
  readonly verifier: string;
  readonly state: string;
  readonly redirect: string;
}

/** Opens the authorization page as `pact login` would. */
export async function authorize(issuer: string, extra: Readonly<Record<string, string>> = {}, browser = new Browser()): Promise<Started> {
  const verifier = randomBytes(32).toString("base64url");
  const state = randomBytes(8).toString("hex");
  const redirect = "http://127.0.0.1:43210/callback";
  const query = new URLSearchParams({
    client_id: "pact-cli",
    response_type: "code",
    scope: "openid profile offline_access",
    prompt: "consent",
    redirect_uri: redirect,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    state,
    nonce: "n-1",
    ...extra,
  });
  for (const [name, value] of Object.entries(extra)) if (value === "") query.delete(name);
  const page = await browser.open(`${issuer}/auth?${query}`, isCallback);
  return { browser, page, verifier, state, redirect };
}

export const isCallback = (url: URL): boolean => url.pathname === "/callback";

/** The whole code flow of a user; answers the token response. */
export async function loginAs(issuer: string, user: string, password: string): Promise<Answer & { readonly code: string; readonly verifier: string }> {
  const { browser, page, verifier, redirect } = await authorize(issuer);
  const callback = await browser.submit(page, { username: user, password }, isCallback);
  const code = callback.url.searchParams.get("code") ?? "";
  return { ...(await redeem(issuer, code, verifier, redirect)), code, verifier };
}

export const redeem = (issuer: string, code: string, verifier: string, redirect: string): Promise<Answer> =>
  post(`${issuer}/token`, { client_id: "pact-cli", grant_type: "authorization_code", code, code_verifier: verifier, redirect_uri: redirect });

export const refresh = (issuer: string, token: string): Promise<Answer> =>
  post(`${issuer}/token`, { client_id: "pact-cli", grant_type: "refresh_token", refresh_token: token });

/** A text field of an answer; fails when it is not there. */
export function field(answer: Answer, name: string): string {
  const value = answer.body[name];
  if (typeof value !== "string") throw new Error(`no ${name} in ${JSON.stringify(answer.body)}`);
  return value;
}
