import { defineCommand, record } from "pact/api";
import { askSite } from "../control.ts";
import { lookAtSite } from "../site-file.ts";
import { existingSite, noSite } from "../stop.ts";
import { dir, folderOf, told } from "./site-of.ts";
import { siteRow, siteView, type SiteRow } from "./site-row.ts";

async function look(folder: string): Promise<SiteRow> {
  const paths = existingSite(folder);
  const { file, alive } = lookAtSite(paths);
  if (file === undefined) throw noSite(folder);
  if (!alive) return siteRow(file, false, 0);
  const { nodes_up: up } = await askSite(paths.socket, { do: "ping" }, 5_000);
  return siteRow(file, true, typeof up === "number" ? up : 0);
}

export default defineCommand({
  summary: "Show the embedded site: whether it runs, where it listens, its nodes",
  flags: { dir },
  effect: "local",
  role: "anyone",
  examples: [
    { line: "site status", shows: "your own site" },
    { line: "site status --output json", shows: "the same for a program" },
  ],
  run: async (call) => record(siteView, await told(() => look(folderOf(call)))),
});
