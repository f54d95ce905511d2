import { defineCommand, document, on, required, values } from "pact/api";
import { ask, dir, folderOf, mayShow, textOf } from "./site-of.ts";

export default defineCommand({
  summary: "Print an access token of one of the site's users",
  details: "The token is good for ten minutes. On a terminal it is shown only with --show.",
  args: { user: required(values.user, "a user or client of the site") },
  flags: { dir, show: on("show it on a terminal") },
  effect: "local",
  role: "anyone",
  examples: [{ line: "site token ops > token", shows: "a token of ops in a file" }],
  async run(call) {
    mayShow(call, `a token of ${call.args.user}`);
    const answer = await ask(folderOf(call), { do: "token", user: call.args.user });
    return document("text/plain", `${textOf(answer, "token")}\n`);
  },
});
