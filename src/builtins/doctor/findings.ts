// What each look came to, in words: ok, or what is wrong and what to do.
import { type ClockSkew, type Finding, type IssuerAnswer, type JournalAnswer, type LoginAt, type Reached, type Setting, type TokenSurvey, finding } from "pact/api";

const { fail, failed, ok, skipped, warn } = finding;

const DAY_MS = 86_400_000;
const SOON_DAYS = 14;

/** Seconds as `90 s`, `5 min`, `3 h`, `2 d`. */
export function lasting(seconds: number): string {
  const units: readonly (readonly [number, string])[] = [[2 * 86_400, "d"], [2 * 3600, "h"], [120, "min"]];
  const size: Readonly<Record<string, number>> = { d: 86_400, h: 3600, min: 60 };
  const [, unit] = units.find(([least]) => seconds >= least) ?? [0, "s"];
  return `${Math.floor(seconds / (size[unit] ?? 1))} ${unit}`;
}

export function endpointFinding({ url, proxy }: Reached, { where }: Setting<string>): Finding {
  if (proxy !== null) return skipped("endpoint", `${url}, from ${where}, may be reached by the proxy in ${proxy}; the journal's line tells whether it works`);
  return ok("endpoint", `${url}, from ${where}, takes connections`);
}

export function tlsFinding({ certificate, loopback, url, proxy }: Reached, now: Date): Finding {
  if (certificate === null) {
    if (url.startsWith("https:")) return skipped("tls", "a proxy stands in between");
    if (loopback) return ok("tls", "none, and nothing leaves this machine");
    const detail = `none: anybody between here and ${url} can read your token`;
    return warn("tls", proxy === null ? detail : `${detail}, the proxy too`, "put the journal behind TLS, and write https:// in the endpoint");
  }
  const { subject, issuer, validTo, problem } = certificate;
  const days = Math.floor((validTo.getTime() - now.getTime()) / DAY_MS);
  const detail = `certificate of ${subject} by ${issuer}, good until ${validTo.toISOString().slice(0, 10)}`;
  if (problem !== null) return fail("tls", `${detail}: ${problem.reason}`, problem.hint ?? "renew the journal's certificate", "unreachable");
  return days < SOON_DAYS ? warn("tls", `${detail}, which is in ${lasting((validTo.getTime() - now.getTime()) / 1000)}`, "renew the journal's certificate") : ok("tls", detail);
}

export function tokenFinding({ who, renewal, problem, passedBy, hidden }: TokenSurvey, now: Date): Finding {
  const beside = [...passedBy.map((why) => `passed by: ${why}`), ...(hidden.length === 0 ? [] : [`hides: ${hidden.join(", ")}`])];
  const whole = (text: string): string => [text, ...beside].join("; ");
  if (who === null) {
    const found = problem === null ? fail("token", "there is no token", "pact login", "unauthenticated") : failed("token", problem, "pact login");
    return { ...found, detail: whole(found.detail) };
  }
  const leftS = who.expiresAt === null ? null : (who.expiresAt.getTime() - now.getTime()) / 1000;
  const ends = leftS === null ? "does not end" : leftS > 0 ? `ends in ${lasting(leftS)}` : `ended ${lasting(-leftS)} ago`;
  const detail = whole(`${who.principal} (${who.principalType}) from ${who.tokenSource}, ${ends}${renewal === "none" ? "" : " and is renewed by itself"}`);
  if (leftS !== null && leftS < 300 && renewal === "none") return warn("token", detail, "pact login");
  // That somebody named another token and does not get it is worth a look.
  return passedBy.length > 0 ? warn("token", detail, "pact whoami") : ok("token", detail);
}

export const loginFinding = ({ issuer, clientId, where }: LoginAt): Finding => ok("discovery", `logins go to ${issuer} as ${clientId}, says ${where}`);

export function issuerFinding({ issuer, offers }: IssuerAnswer): Finding {
  return offers.length === 0
    ? warn("issuer", `${issuer} answers, and offers no login that pact knows`, "ask whoever runs the identity provider")
    : ok("issuer", `${issuer} answers; logins by ${offers.join(", ")}`);
}

export function journalFinding({ kind, nodes, keepsRecords }: JournalAnswer): Finding {
  const what = kind === "embedded" ? "answers, and knows pact's extensions" : "answers as a stock journal";
  if (!keepsRecords) return warn("journal", `${what}; it keeps no records of nodes`, "name the nodes' agents in [agents] of cli.toml");
  return nodes.length === 0 ? warn("journal", `${what}; you see no nodes`, "pact whoami") : ok("journal", `${what}; you see ${nodes.length} ${nodes.length === 1 ? "node" : "nodes"}`);
}

/** From here on tokens are taken for expired, or not valid yet. */
const TOLERATED_S = 60;
const NOTABLE_S = 3;

export function clockFinding(skew: ClockSkew | null): Finding {
  if (skew === null) return skipped("clock", "no server told its time");
  const { aheadS, errorS, of } = skew;
  const off = Math.abs(aheadS);
  if (off <= NOTABLE_S + errorS) return ok("clock", `agrees with that of ${of}`);
  const detail = `your clock is ${Math.round(off)} s ${aheadS > 0 ? "behind" : "ahead of"} that of ${of}`;
  const hint = "set this machine's clock (timedatectl set-ntp true), or the server's";
  return off <= TOLERATED_S ? warn("clock", detail, hint) : fail("clock", `${detail}: tokens count as expired, or not as valid yet`, hint);
}
