// The commands of the shell itself: what they are, loaded when used.
import { definePlugin } from "pact/api";

const exit = { summary: "Leave the shell", effect: "local", group: "session", shellOnly: true, load: () => import("./commands/exit.ts") } as const;

export default definePlugin({
  name: "repl",
  api: 1,
  summary: "the interactive shell: selection, settings, history",
  commands: {
    use: {
      summary: "Choose the vCluster and the node for the lines that follow",
      effect: "local",
      group: "session",
      shellOnly: true,
      load: () => import("./commands/use.ts"),
    },
    set: {
      summary: "Change a setting for this session",
      effect: "local",
      group: "session",
      shellOnly: true,
      load: () => import("./commands/set.ts"),
    },
    history: { summary: "Show the lines typed before", effect: "local", group: "session", load: () => import("./commands/history.ts") },
    context: {
      summary: "Show what commands act on, and who decided it",
      effect: "local",
      group: "session",
      load: () => import("./commands/context.ts"),
    },
    exit,
    quit: exit,
  },
});
