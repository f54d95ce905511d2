import { defineCommand, done } from "pact/api";
import { stopSite } from "../stop.ts";
import { dir, folderOf, told } from "./site-of.ts";

export default defineCommand({
  summary: "Stop the embedded site",
  details: "Ends sessions, journal and agents in order and waits until the folder is free. Nothing is lost: `site up` goes on where it stopped.",
  flags: { dir },
  effect: "local",
  role: "anyone",
  examples: [{ line: "site down", shows: "stops your own site" }],
  async run(call) {
    const folder = folderOf(call);
    const { pid } = await told(() => stopSite(folder, call.signal));
    return done(`site down: ${folder}`, { dir: folder, pid });
  },
});
