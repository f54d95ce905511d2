import { defineCommand, done, PactError } from "pact/api";
import { resetSite, siteCommand } from "../stop.ts";
import { dir, folderOf, told } from "./site-of.ts";

export default defineCommand({
  summary: "Remove a stopped site: its journal, users, nodes and settings",
  details: "Removes what the site made in its folder and nothing else. It cannot be undone, so it wants --yes.",
  flags: { dir },
  globals: ["yes"],
  effect: "local",
  role: "anyone",
  examples: [{ line: "site reset --yes", shows: "the next start makes a new site" }],
  async run(call) {
    const folder = folderOf(call);
    if (!call.options.yes) {
      throw new PactError("usage", `site reset removes everything of the site in ${folder}`, { hint: siteCommand("reset --yes", folder) });
    }
    const { removed, left } = await told(() => resetSite(folder));
    if (left.length > 0) call.note(`left in ${folder}, not the site's: ${left.join(", ")}`);
    return done(`site removed: ${folder}`, { dir: folder, removed, left });
  },
});
