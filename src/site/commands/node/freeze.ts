import { switchNode } from "./switch-node.ts";

export default switchNode("freeze", {
  summary: "Make a node of the site accept calls and never answer",
  details: "As a hung machine does, until `site node resume NAME`.",
  then: "is frozen",
});
