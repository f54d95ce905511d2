import { switchNode } from "./switch-node.ts";

export default switchNode("cut", {
  summary: "Break the connections of a node of the site",
  details: "As a pulled cable does: what is open ends, and nothing new gets through until `site node resume NAME`.",
  then: "is cut off",
});
