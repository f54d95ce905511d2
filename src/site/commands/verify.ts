import { defineCommand, done, PactError } from "pact/api";
import { existingSite } from "../stop.ts";
import { dir, folderOf, told } from "./site-of.ts";

export default defineCommand({
  summary: "Check the chains of the site's journal and audit log",
  details: "Reads every record and its hash. A record that was changed, removed or put in between shows; the exit status is then 1.",
  flags: { dir },
  effect: "local",
  role: "anyone",
  examples: [{ line: "site verify", shows: "how many records there are, and that they are whole" }],
  async run(call) {
    const folder = folderOf(call);
    const paths = await told(() => existingSite(folder));
    const { checkJournal } = await import("../check.ts");
    const { entries, audit, problems } = await told(() => checkJournal(paths.journal, call.signal));
    if (problems.length > 0) {
      throw new PactError("remote", `the journal in ${folder} is not whole: ${problems.length} ${problems.length === 1 ? "problem" : "problems"}`, {
        reason: problems.slice(0, 5).join("; "),
      });
    }
    return done(`journal whole: ${entries} entries, ${audit} audit records`, { dir: folder, entries, audit, problems });
  },
});
