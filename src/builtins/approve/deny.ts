import { defineCommand, record, required, requiredFlag, values } from "pact/api";
import { named, placesOf, vclusterOf } from "./pending.ts";
import { approvalRow, approvalView } from "./views.ts";

export default defineCommand({
  summary: "Deny a request of another person",
  details: "Nothing is carried out, and the requester hears why. Nobody decides about a request of their own (P4).",
  args: { id: required(values.approval, "id, or the first characters of one, at least four") },
  flags: { message: requiredFlag(values.message, "why: kept in the journal", { short: "m" }) },
  effect: "write",
  role: "regulated",
  globals: ["output"],
  examples: [
    { line: 'approve deny ap-7f3a -m "change window not scheduled"', shows: "with the reason, which is required" },
    { line: 'approve deny ap-7f3a90c1 -m "no" --output json', shows: "for a script" },
  ],
  async run(call) {
    const approval = await named(call, call.args.id);
    await (await call.policy()).decide(approval.approvalId, { approve: false, reason: call.flags.message }, call.signal);
    return record(approvalView, approvalRow(approval, vclusterOf(approval, await placesOf(call, [approval])), "rejected"));
  },
});
