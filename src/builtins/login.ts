import { type LoginFlow, PactError, defineCommand, done, flag, on, values } from "pact/api";

export default defineCommand({
  summary: "Log in at the journal's identity provider",
  details: "Without a flag: the browser (authorization code with PKCE), else a device code, else a pasted token. --service-account needs PACT_CLIENT_ID and PACT_CLIENT_SECRET. Tokens are kept in ~/.config/pact/auth, mode 0600 (PAuth1). When a login ends while the shell is open, the line that meets it waits for a new one: reads then go on, anything else asks first.",
  flags: {
    server: flag(values.url, "journal URL; the configured one without it"),
    deviceCode: on("force the device code flow"),
    serviceAccount: on("machine identity: client credentials"),
  },
  effect: "local",
  role: "anyone",
  examples: [
    { line: "login", shows: "log in with the browser" },
    { line: "login --service-account", shows: "a machine's identity, from the environment" },
  ],
  async run(call) {
    const { server, deviceCode, serviceAccount } = call.flags;
    if (deviceCode && serviceAccount) throw new PactError("usage", "login: choose one of --device-code and --service-account");
    const flow: LoginFlow = deviceCode ? "device" : serviceAccount ? "service-account" : "auto";
    const who = await (await call.identity()).login({ flow, server }, call.note, call.signal);
    return done(`logged in to ${who.server} as ${who.principal} (${who.role || "no role"})`, {
      principal: who.principal, principalType: who.principalType, role: who.role, server: who.server, issuer: who.issuer, expiresAt: who.expiresAt,
    });
  },
});
