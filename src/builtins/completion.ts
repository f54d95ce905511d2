import { defineCommand, document, required, values } from "pact/api";
import { SCRIPTS } from "./completion-scripts.ts";

const SHELL = values.choice("SHELL", "bash", "zsh", "fish");

export default defineCommand({
  summary: "Print the script that lets your own shell complete pact",
  details: "For every new shell: bash: the line source <(pact completion bash) in ~/.bashrc. zsh: source <(pact completion zsh) in ~/.zshrc, after compinit. fish: pact completion fish > ~/.config/fish/completions/pact.fish. Tab then offers commands, flags and values, and names of nodes as far as earlier commands saw them; it asks no server and reads no token.",
  args: { shell: required(SHELL, "bash, zsh or fish") },
  effect: "local",
  role: "anyone",
  examples: [
    { line: "completion bash", shows: "the script, for source <(pact completion bash)" },
    { line: "completion fish", shows: "the script, for pact completion fish | source" },
  ],
  async run({ args }) {
    return document("text/x-shellscript", SCRIPTS[args.shell]);
  },
});
