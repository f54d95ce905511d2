import { defineCommand, record, required, values } from "pact/api";
import { ask, dir, folderOf } from "../site-of.ts";
import { clockRow, clockView } from "./clock-row.ts";

export default defineCommand({
  summary: "Move the site's time forward",
  details: "Only on a site started with --test-clock. Windows and tokens that end on the way end.",
  args: { by: required(values.duration, "how far, such as 15m or 4h") },
  flags: { dir },
  effect: "local",
  role: "anyone",
  examples: [{ line: "site clock advance 15m", shows: "a commit window runs out without waiting" }],
  run: async (call) => record(clockView, clockRow(await ask(folderOf(call), { do: "clock", advance_s: call.args.by }))),
});
