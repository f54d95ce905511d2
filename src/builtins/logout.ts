import { defineCommand, done } from "pact/api";

export default defineCommand({
  summary: "Forget the tokens of this server and revoke them",
  details: "The local copy goes first, whatever the provider answers (Auth4).",
  effect: "local",
  role: "anyone",
  examples: [{ line: "logout", shows: "no cached token remains" }],
  async run(call) {
    const { removed, revoked, remaining } = await (await call.identity()).logout(call.signal);
    for (const source of remaining) call.note(`note: a token remains in ${source}`);
    const message = !removed ? "not logged in: no cached token for this server" : revoked ? "logged out; the session is revoked" : "logged out here; the provider could not be told";
    return done(message, { removed, revoked, remaining });
  },
});
