import { defineCommand, record, required, values } from "pact/api";
import { ask, dir, folderOf } from "../site-of.ts";
import { clockRow, clockView } from "./clock-row.ts";

export default defineCommand({
  summary: "Make the site's time run faster, or stop it",
  details: "Only on a site started with --test-clock. 1 is the machine's pace, 0 stops time.",
  args: { rate: required(values.count(0, 100_000), "seconds of the site for each second") },
  flags: { dir },
  effect: "local",
  role: "anyone",
  examples: [{ line: "site clock rate 60", shows: "a minute a second" }],
  run: async (call) => record(clockView, clockRow(await ask(folderOf(call), { do: "clock", rate: call.args.rate }))),
});
