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
    const { verifyJournal } = await import("../journal/verify.ts");
    const { entries, audit, problems } = await verifyJournal(paths.journal).catch((error: unknown) => {
      throw new PactError("local", `cannot read the journal in ${folder}`, { reason: error instanceof Error ? error.message : String(error), cause: error });
    });
    if (problems.length > 0) {
      throw new PactError("remote", `the journal in ${folder} is not whole: ${problems.length} ${problems.length === 1 ? "problem" : "problems"}`, {
        reason: problems.slice(0, 5).join("; "),
      });
    }
    return done(`journal whole: ${entries} entries, ${audit} audit records`, { dir: folder, entries, audit, problems });
  },
});
