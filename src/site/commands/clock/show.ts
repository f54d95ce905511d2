import { defineCommand, record } from "pact/api";
import { ask, dir, folderOf } from "../site-of.ts";
import { clockRow, clockView } from "./clock-row.ts";

export default defineCommand({
  summary: "Show the site's time",
  flags: { dir },
  effect: "local",
  role: "anyone",
  examples: [{ line: "site clock show", shows: "what time the servers go by" }],
  run: async (call) => record(clockView, clockRow(await ask(folderOf(call), { do: "clock" }))),
});
