import { type ConfigValue, type View, defineCommand, on, rows } from "pact/api";

const view = (origin: boolean): View<ConfigValue> => ({
  columns: [{ key: "key" }, { key: "value" }, ...(origin ? [{ key: "origin" as const }] : [])],
  empty: "No settings.",
});

export default defineCommand({
  summary: "Show settings and where each comes from",
  details: "Precedence: flag, session, environment, ~/.config/pact/cli.toml, /etc/pact/cli.toml, running site, default. Secrets show as set.",
  flags: { origin: on("say where each value comes from") },
  effect: "local",
  role: "viewer",
  examples: [{ line: "config show --origin", shows: "every setting with its origin" }],
  async run(call) {
    return rows(view(call.flags.origin), call.session().config());
  },
});
