import { switchNode } from "./switch-node.ts";

export default switchNode("resume", {
  summary: "Bring a stopped, frozen or cut node of the site back",
  details: "It serves at the same address as before.",
  then: "serves again",
});
