import { defineCommand, done } from "pact/api";

export default defineCommand({
  summary: "Forget the tokens of this server and revoke them",
  details: "The local copy goes first, whatever the provider answers (Auth4).",
  effect: "local",
  role: "anyone",
  examples: [{ line: "logout", shows: "no cached token remains" }],
  async run(call) {
    const { removed, revoked, remaining, elsewhere } = await (await call.identity()).logout(call.signal);
    for (const source of remaining) call.note(`note: a token remains in ${source}`);
    for (const server of elsewhere) call.note(`note: a login to ${server} remains; to end it: pact logout --endpoint ${server}`);
    const message = !removed ? "not logged in: no cached token for this server" : revoked ? "logged out; the session is revoked" : "logged out here; the provider could not be told";
    return done(message, { removed, revoked, remaining, elsewhere });
  },
});
