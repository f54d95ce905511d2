import { switchNode } from "./switch-node.ts";

export default switchNode("stop", {
  summary: "Stop the agent of a node of the site",
  details: "Nothing listens at its address until `site node resume NAME`.",
  then: "is stopped",
});
