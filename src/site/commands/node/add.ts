import { defineCommand, done, required, values } from "pact/api";
import { addNode } from "../../load-config.ts";
import { lookAtSite } from "../../site-file.ts";
import { existingSite } from "../../stop.ts";
import { dir, folderOf, told } from "../site-of.ts";

export default defineCommand({
  summary: "Add a virtual node to the site",
  details: "Writes it into site.toml; it is there from the next start. The vCluster is the one given with --vcluster, else the first that is not regulated.",
  args: { name: required(values.node, "name of the new node") },
  flags: { dir },
  globals: ["vcluster"],
  effect: "local",
  role: "anyone",
  examples: [{ line: "site node add node-003 --vcluster ml-training", shows: "one more node after the next start" }],
  async run(call) {
    const { name } = call.args;
    const asked = call.scope.vcluster?.from === "flag" ? call.scope.vcluster.value : undefined;
    const { vcluster, running } = await told(() => {
      const paths = existingSite(folderOf(call));
      return { vcluster: addNode(paths, name, asked), running: lookAtSite(paths).alive };
    });
    if (running) call.note("it starts with the site: pact site down, then pact site up");
    return done(`${name} added to ${vcluster}`, { node_id: name, vcluster, restart_needed: running });
  },
});
