// `exit` and `quit`: the shell ends after this line.
import { defineCommand, done } from "pact/api";

export default defineCommand({
  summary: "Leave the shell",
  effect: "local",
  role: "anyone",
  examples: [{ line: "exit", shows: "nothing; the shell ends, as with Ctrl-D" }],
  async run({ session }) {
    session().leave();
    return done("");
  },
});
