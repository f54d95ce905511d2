// A probe over services in memory: everything is in order, and a test replaces what is not.
import { type Agents, type Enrollment, type Probe, type Principal, type TokenSurvey, asPactError } from "../api/index.ts";

const HOUR_MS = 3_600_000;

export function fakeProbe(services: { readonly enrollment: Enrollment; readonly agents: Agents; readonly principal: Principal; readonly now: () => Date }): Probe {
  const { enrollment, agents, principal, now } = services;
  const endpoint = "http://fake:9443";
  const token = (): TokenSurvey => ({
    who: {
      principal: principal.principal, principalType: principal.type, role: principal.role, server: endpoint, issuer: `${endpoint}/oidc`,
      expiresAt: new Date(now().getTime() + HOUR_MS), tokenSource: "login cache",
    },
    renewal: "possible", issuer: `${endpoint}/oidc`, problem: null, passedBy: [], hidden: [],
  });
  return {
    endpoint: { value: endpoint, from: "flag", where: "--endpoint" },
    now,
    machine: async () => [{ check: "versions", status: "ok", detail: "fake", hint: null, failure: null }],
    reach: async () => ({ url: endpoint, loopback: true, proxy: null, certificate: null }),
    token: async () => token(),
    loginAt: async () => ({ issuer: `${endpoint}/oidc`, clientId: "pact-cli", where: `${endpoint}/auth/discovery` }),
    issuer: async (url) => ({ issuer: url, offers: ["browser"] }),
    journal: async (signal) => ({ kind: "embedded", nodes: await enrollment.list({}, signal), keepsRecords: true }),
    async agent(node, signal) {
      const agent = await agents.at(node, signal);
      const problem = await agent.commands(signal).then(() => null, asPactError);
      return { node: agent.node, address: agent.address, problem };
    },
    skew: () => ({ aheadS: 0, errorS: 0.01, of: "the journal" }),
    close: async () => {},
  };
}
