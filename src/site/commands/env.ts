import { defineCommand, document, flag, values } from "pact/api";
import { lookAtSite } from "../site-file.ts";
import { existingSite, noSite } from "../stop.ts";
import { ask, dir, folderOf, textOf, told } from "./site-of.ts";

/** A word that every POSIX shell reads back as it was. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

async function identity(folder: string, name: string): Promise<readonly (readonly [string, string])[]> {
  const { clients } = await ask(folder, { do: "users" });
  const isClient = Array.isArray(clients) && clients.some((one: unknown) => typeof one === "object" && one !== null && "id" in one && one.id === name);
  if (!isClient) return [["PACT_TOKEN", textOf(await ask(folder, { do: "token", user: name }), "token")]];
  return [["PACT_CLIENT_ID", name], ["PACT_CLIENT_SECRET", textOf(await ask(folder, { do: "client_secret", id: name }), "secret")]];
}

export default defineCommand({
  summary: "Print the environment that leads to the site, for eval in a shell",
  details: "With --as also who to be: a user's token, good for ten minutes, or a client's id and secret.",
  flags: { dir, as: flag(values.user, "a user or a client of the site") },
  effect: "local",
  role: "anyone",
  examples: [
    { line: "site env", shows: "export PACT_ENDPOINT=…" },
    { line: "site env --as ops", shows: "the same, and a token of ops" },
  ],
  async run(call) {
    const folder = folderOf(call);
    const file = await told(() => {
      const look = lookAtSite(existingSite(folder));
      if (look.file === undefined || !look.alive) throw noSite(folder);
      return look.file;
    });
    const who = call.flags.as === undefined ? [] : await identity(folder, call.flags.as);
    const lines = [["PACT_ENDPOINT", file.journal.grpc] as const, ...who].map(([name, value]) => `export ${name}=${quoted(value)}\n`);
    return document("text/x-shellscript", lines.join(""));
  },
});
