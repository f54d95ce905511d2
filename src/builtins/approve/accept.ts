import { defineCommand, record, required, values } from "pact/api";
import { named, placesOf, vclusterOf } from "./pending.ts";
import { approvalRow, approvalView } from "./views.ts";

export default defineCommand({
  summary: "Accept a request of another person",
  details: "The journal then carries the request out once, as the person that made it. Nobody accepts a request of their own (P4). A stock journal only keeps the decision; there the requester's pact goes on with it.",
  args: { id: required(values.approval, "id, or the first characters of one, at least four") },
  effect: "write",
  role: "regulated",
  globals: ["output"],
  examples: [
    { line: "approve accept ap-7f3a", shows: "by the first characters of its id" },
    { line: "approve accept ap-7f3a90c1 --output json", shows: "for a script" },
  ],
  async run(call) {
    const approval = await named(call, call.args.id);
    await (await call.policy()).decide(approval.approvalId, { approve: true, reason: "" }, call.signal);
    return record(approvalView, approvalRow(approval, vclusterOf(approval, await placesOf(call, [approval])), "approved"));
  },
});
