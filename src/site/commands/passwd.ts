import { defineCommand, document, done, on, required, values } from "pact/api";
import { ask, dir, folderOf, mayShow, textOf } from "./site-of.ts";

/** The first line of stdin; nothing there means: make one up. */
const given = (stdin: string | undefined): string => (stdin ?? "").split(/\r?\n/, 1)[0] ?? "";

export default defineCommand({
  summary: "Print or set the password of one of the site's users",
  details: "On a terminal the password is shown only with --show. With --set the first line of stdin becomes the new one; without input one is made up.",
  args: { user: required(values.user, "a user of the site") },
  flags: { dir, show: on("show it on a terminal"), set: on("set a new password") },
  effect: "local",
  role: "anyone",
  examples: [
    { line: "site passwd admin --show", shows: "the password for the login page" },
    { line: "site passwd ops --set < new-password", shows: "gives ops a password of your choice" },
  ],
  async run(call) {
    const { user } = call.args;
    const folder = folderOf(call);
    if (!call.flags.set) {
      mayShow(call, `the password of ${user}`);
      return document("text/plain", `${textOf(await ask(folder, { do: "password", user }), "password")}\n`);
    }
    await ask(folder, { do: "password", user, set: given(await call.stdin()) });
    return done(`the password of ${user} is changed`, { user });
  },
});
