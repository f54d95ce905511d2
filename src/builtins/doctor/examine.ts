// All looks, side by side where one does not need what another finds. Every one is taken
// even if others fail; one that makes no sense then says why it was left out.
import { type Call, type Finding, type Probe, PactError, asPactError, finding } from "pact/api";
import { agentFindings } from "./agents.ts";
import { clockFinding, endpointFinding, issuerFinding, journalFinding, loginFinding, tlsFinding, tokenFinding } from "./findings.ts";
import { roleFinding } from "./roles.ts";
import { Deadlines } from "./within.ts";

const { failed, skipped } = finding;

/** What a look found, if it did, and what is to be said of it. */
interface Look<T> {
  readonly value: T | undefined;
  readonly findings: readonly Finding[];
}

const said = (...findings: readonly Finding[]): Look<never> => ({ value: undefined, findings });

type Looks = ReturnType<typeof looksOf>;

/** Findings in an order in which one may be the cause of the next. Throws only when interrupted. */
export async function examine(call: Call<any, any>, probe: Probe): Promise<readonly Finding[]> {
  const looks = looksOf(call, probe);
  const machine = looks.take("machine", "this machine", () => probe.machine(), (found) => found);
  const reached = looks.reached();
  const token = looks.token();
  const login = looks.login();
  const issuer = followToken(looks, token, login);
  const journal = followIssuer(looks, reached, token, issuer);
  const agents = journal.then(({ value }) => looks.agents(value?.nodes));
  const parts = await Promise.all([
    machine, reached,
    Promise.all([login, token, reached]).then(([at, found, { value }]) => eased(at, (found.value?.who ?? null) !== null, value !== undefined)),
    issuer,
    Promise.all([token, reached]).then(([found, { value }]) => missedRatherThan(found, probe, value !== undefined)),
    token.then(({ value }) => looks.role(value?.who?.role)),
    journal,
    Promise.all([journal, login]).then(() => said(clockFinding(probe.skew()))),
    agents,
  ]);
  return parts.flatMap(({ findings }) => findings);
}

/** A kept login is renewed where it was made; else the provider is the one that the journal names. */
async function followToken(looks: Looks, token: ReturnType<Looks["token"]>, login: ReturnType<Looks["login"]>): Promise<Look<unknown>> {
  const url = (await token).value?.issuer ?? (await login).value?.issuer;
  return url === undefined ? said(skipped("issuer", "nobody tells where to log in")) : await looks.issuer(url);
}

/** A login that is due is renewed by the first call; that must not begin where nobody answers, for half a renewal loses it. */
async function followIssuer(looks: Looks, reaching: ReturnType<Looks["reached"]>, asking: ReturnType<Looks["token"]>, issuer: Promise<Look<unknown>>): ReturnType<Looks["journal"]> {
  const [reached, { value: token }] = await Promise.all([reaching, asking]);
  if (reached.value === undefined) return said(skipped("journal", "nothing can be asked at its endpoint"));
  if (token === undefined || token.who === null) return said(skipped("journal", "without a token nothing can be asked"));
  if (token.renewal === "due" && (await issuer).value === undefined) return said(skipped("journal", "the login must be renewed first, and its issuer does not answer"));
  return await looks.journal();
}

/** A journal that is down tells nobody where to log in; and whoever has a token can do without, for now. */
function eased(look: Look<unknown>, hasToken: boolean, reached: boolean): Look<unknown> {
  if (look.value === undefined && !reached) return said(skipped("discovery", "nothing can be asked at the journal's endpoint"));
  if (!hasToken) return look;
  return { ...look, findings: look.findings.map((found) => (found.status === "fail" ? { ...found, status: "warn", failure: null } : found)) };
}

/** Nothing is configured and nothing listens: then it is a journal that is missing, not a login. */
function missedRatherThan(look: Look<unknown>, { endpoint }: Probe, reached: boolean): Look<unknown> {
  if (reached || endpoint.from !== "default") return look;
  return { ...look, findings: look.findings.map((found) => (found.status === "fail" ? skipped("token", "there is no journal to log in to") : found)) };
}

/** What to do where the failure itself does not say. */
const HINTS: Readonly<Record<string, string>> = {
  endpoint: "name the journal's address: --endpoint URL, PACT_ENDPOINT, or endpoint in cli.toml",
  discovery: "set idp_url below [auth] in cli.toml to log in without it",
  issuer: "ask whoever runs the identity provider",
  token: "pact login",
  journal: "ask whoever runs the journal; --endpoint URL names another",
};

function looksOf(call: Call<any, any>, probe: Probe) {
  const { signal, scope } = call;
  const deadlines = new Deadlines(signal);
  const take = async <T>(check: string, peer: string, run: (signal: AbortSignal) => Promise<T>, tell: (value: T) => readonly Finding[], late: "timeout" | "agentTimeout" = "agentTimeout"): Promise<Look<T>> => {
    try {
      const value = await deadlines.within((ms) => new PactError(late, `no answer from ${peer} in ${(ms / 1000).toFixed(1)} s`), run);
      return { value, findings: tell(value) };
    } catch (error) {
      signal.throwIfAborted();
      return said(failed(check, asPactError(error), HINTS[check] ?? "run again with -vv to see where, and report it"));
    }
  };
  return {
    take,
    reached: () => take("endpoint", probe.endpoint.value, (own) => probe.reach(own), (found) => [endpointFinding(found, probe.endpoint), tlsFinding(found, probe.now())], "timeout"),
    token: () => take("token", "the sources of tokens", (own) => probe.token(own), (found) => [tokenFinding(found, probe.now())]),
    login: () => take("discovery", "the journal", (own) => probe.loginAt(own), (found) => [loginFinding(found)], "timeout"),
    issuer: (url: string) => take("issuer", url, (own) => probe.issuer(url, own), (found) => [issuerFinding(found)]),
    journal: () => take("journal", "the journal", (own) => probe.journal(own), (found) => [journalFinding(found)], "timeout"),
    role: (role: string | undefined) => said(role === undefined ? skipped("role", "there is no token to tell it") : roleFinding(role, scope.vcluster)),
    async agents(nodes: Parameters<typeof agentFindings>[2] | undefined): Promise<Look<never>> {
      if (nodes === undefined) return said(skipped("agents", "the journal did not say which nodes there are"));
      return said(...(await agentFindings(probe, deadlines, nodes, signal)));
    },
  };
}
