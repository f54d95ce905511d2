// The environment of programs on this machine: the operator's own, without pact's secrets (decision 13).

const SECRET = /^(?:PACT_TOKEN|PACT_CLIENT_SECRET|PACT_.*_TOKEN)$/;

/** A copy without PACT_TOKEN, PACT_CLIENT_SECRET and PACT_*_TOKEN. */
export const withoutSecrets = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !SECRET.test(name)));
