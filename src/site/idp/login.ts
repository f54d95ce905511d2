// The login page's route: shows the form, checks the password, and grants what was
// asked for without a second page, since pact is the only program that logs in here.
import type { IncomingMessage, ServerResponse } from "node:http";
import type Provider from "oidc-provider";
import type { Interaction } from "oidc-provider";
import { loginPage, messagePage } from "./pages.ts";
import type { Passwords } from "./passwords.ts";
import type { Throttle } from "./throttle.ts";

const MOST_BODY_BYTES = 8192;
/** The provider's own, and its signature. */
const SESSION_COOKIES = ["_session", "_session.sig"] as const;

export interface LoginRoute {
  readonly provider: Provider;
  readonly passwords: Passwords;
  readonly throttle: Throttle;
}

/** Answers GET and POST of one interaction. */
export async function answerLogin(route: LoginRoute, req: IncomingMessage, res: ServerResponse): Promise<void> {
  let interaction: Interaction;
  try {
    interaction = await route.provider.interactionDetails(req, res);
  } catch {
    html(res, 400, messagePage("This login has ended", "Start again with: pact login"));
    return;
  }
  if (interaction.prompt.name === "consent") {
    await route.provider.interactionFinished(req, res, { consent: { grantId: await grantAll(route.provider, interaction) } });
  } else if (req.method === "GET" || req.method === "HEAD") {
    html(res, 200, loginPage({}));
  } else if (req.method === "POST") {
    await checkPassword(route, req, res);
  } else {
    html(res, 405, messagePage("Not possible", "This address takes GET and POST."));
  }
}

async function checkPassword(route: LoginRoute, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const form = await readForm(req);
  if (form === undefined) {
    html(res, 413, messagePage("Not possible", "The form is too large."));
    return;
  }
  if (form.has("abort")) {
    await route.provider.interactionFinished(req, res, { error: "access_denied", error_description: "cancelled on the login page" }, { mergeWithLastSubmission: false });
    return;
  }
  const user = form.get("username") ?? "";
  const wait = route.throttle.wait(user);
  if (wait > 0) {
    refuse(res, 429, user, wait);
    return;
  }
  if (await route.passwords.check(user, form.get("password") ?? "")) {
    route.throttle.succeeded(user);
    // A session of the user before would be mixed up with the one that begins now.
    res.setHeader("set-cookie", SESSION_COOKIES.map((name) => `${name}=; path=/; max-age=0; httponly; samesite=lax`));
    await route.provider.interactionFinished(req, res, { login: { accountId: user } }, { mergeWithLastSubmission: false });
    return;
  }
  route.throttle.failed(user);
  refuse(res, 401, user, route.throttle.wait(user));
}

function refuse(res: ServerResponse, status: number, user: string, waitMs: number): void {
  const seconds = Math.ceil(waitMs / 1000);
  const problem = status === 429 ? "Too many attempts." : "Wrong user name or password.";
  if (seconds > 0) res.setHeader("retry-after", String(seconds));
  html(res, status, loginPage({ user, problem: seconds > 0 ? `${problem} Wait ${seconds} s before the next attempt.` : problem }));
}

/** A grant of everything the request asks for. */
async function grantAll(provider: Provider, interaction: Interaction): Promise<string> {
  const existing = interaction.grantId === undefined ? undefined : await provider.Grant.find(interaction.grantId);
  const clientId = String(interaction.params["client_id"]);
  const grant = existing ?? new provider.Grant({ accountId: interaction.session?.accountId, clientId });
  const { missingOIDCScope = [], missingResourceScopes = {} } = interaction.prompt.details;
  if (missingOIDCScope.length > 0) grant.addOIDCScope(missingOIDCScope.join(" "));
  for (const [resource, scopes] of Object.entries(missingResourceScopes)) grant.addResourceScope(resource, scopes.join(" "));
  return await grant.save();
}

async function readForm(req: IncomingMessage): Promise<URLSearchParams | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    // Reads on without keeping, so that the answer can be sent.
    if (size <= MOST_BODY_BYTES) chunks.push(bytes);
    else if (size > 64 * MOST_BODY_BYTES) return undefined;
  }
  return size > MOST_BODY_BYTES ? undefined : new URLSearchParams(Buffer.concat(chunks).toString("utf8"));
}

export function html(res: ServerResponse, status: number, body: string): void {
  res.writeHead(status, { "content-type": "text/html; charset=utf-8" });
  res.end(body);
}
