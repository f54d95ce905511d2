import { defineCommand, rows } from "pact/api";
import { isPending, placesOf, vclusterOf } from "./pending.ts";
import { approvalRow, approvalView } from "./views.ts";

export default defineCommand({
  summary: "List what waits for a second person",
  details: "Writes in vClusters with two-person approval wait here for 30 minutes, in those that your role may see. With --vcluster only that one's.",
  effect: "read",
  role: "viewer",
  globals: ["vcluster", "output", "fields"],
  examples: [
    { line: "approve list", shows: "what waits, oldest first" },
    { line: "approve list --vcluster sensitive-compute", shows: "what waits in one vCluster" },
  ],
  async run(call) {
    const all = await (await call.policy()).approvals(call.signal);
    const now = Date.now();
    const pending = all.filter((approval) => isPending(approval, now));
    const places = await placesOf(call, pending);
    const wanted = call.scope.vcluster?.from === "flag" ? call.scope.vcluster.value : undefined;
    const found = pending.map((approval) => approvalRow(approval, vclusterOf(approval, places)));
    return rows(approvalView, found.filter(({ vcluster }) => wanted === undefined || vcluster === wanted));
  },
});
