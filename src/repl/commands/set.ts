// `set KEY VALUE`: a setting for this session. Without words: what can be set, as it is now.
import { type ConfigValue, type View, PactError, defineCommand, done, optional, rows, values } from "pact/api";

const view: View<ConfigValue> = {
  columns: [
    { key: "key" },
    { key: "value", show: ({ value }) => (value === null ? "-" : String(value)) },
    { key: "origin" },
  ],
  empty: "Nothing can be set.",
};

export default defineCommand({
  summary: "Change a setting for this session",
  args: {
    key: optional({ ...values.text, name: "setting" }, "the setting"),
    value: optional({ ...values.text, name: "settingValue" }, "its value until the shell ends"),
  },
  effect: "local",
  role: "anyone",
  examples: [
    { line: "set output json", shows: "answers as JSON from the next line on" },
    { line: "set", shows: "the settings in force, with their origins" },
  ],
  async run({ args, session }) {
    const now = session();
    if (args.key === undefined) return rows(view, now.config());
    if (args.value === undefined) {
      throw new PactError("usage", `set: a value for ${args.key} is missing`, { hint: `set ${now.settable().join("|")} VALUE` });
    }
    now.set(args.key, args.value);
    return done(`${args.key} is ${args.value} until the shell ends`, { key: args.key, value: args.value });
  },
});
