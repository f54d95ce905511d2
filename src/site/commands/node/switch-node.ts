// The four commands that make a node of the site misbehave, or behave again.
import { defineCommand, done, required, values } from "pact/api";
import { ask, dir, folderOf } from "../site-of.ts";

interface About {
  readonly summary: string;
  readonly details: string;
  /** What the node is then. */
  readonly then: string;
}

/** A command `site node ACTION NAME`. */
export const switchNode = (action: "stop" | "freeze" | "cut" | "resume", { summary, details, then }: About) =>
  defineCommand({
    summary,
    details,
    args: { name: required(values.node, "a node of the site") },
    flags: { dir },
    effect: "local",
    role: "anyone",
    examples: [{ line: `site node ${action} node-001`, shows: `node-001 ${then}` }],
    async run(call) {
      const { name } = call.args;
      await ask(folderOf(call), { do: "node", name, action });
      return done(`${name} ${then}`, { node_id: name, action });
    },
  });
