import { PactError, defineCommand, on, required, values } from "pact/api";

export default defineCommand({
  summary: "Run lines from a file",
  details: "One command a line, as in the shell; # begins a comment. Stops at the first failure and exits with its code.",
  args: { file: required(values.file, "file of lines; - is stdin") },
  flags: { keepGoing: on("go on after a failure; exit with the last failing line's code") },
  effect: "local",
  role: "anyone",
  examples: [{ line: "run night-checks.pact", shows: "lines of a file, until one fails" }],
  // The host runs the lines: only it has the shell's session.
  async run() {
    throw new PactError("internal", "run is carried out by the host");
  },
});
