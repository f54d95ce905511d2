// `history`: earlier lines, secrets masked; and whether new ones are kept on disk.
import { type HistoryLine, type View, PactError, defaulted, defineCommand, done, optional, rows, values } from "pact/api";

const view: View<HistoryLine> = {
  columns: [
    { key: "n", as: "count" },
    { key: "time", as: "time" },
    { key: "exit", as: "count" },
    { key: "line" },
  ],
  empty: "No lines yet.",
};

export default defineCommand({
  summary: "Show the lines typed before",
  args: {
    action: optional(values.choice("private", "private"), "private: whether lines are kept on disk"),
    state: optional(values.choice("on|off", "on", "off"), "on keeps new lines in this shell only"),
  },
  flags: { lines: defaulted(values.count(1), 20, "how many of the last lines", { short: "n" }) },
  effect: "local",
  role: "anyone",
  examples: [
    { line: "history -n 5", shows: "the last five lines" },
    { line: "history private on", shows: "that new lines are not written to disk" },
  ],
  async run({ args, flags, session }) {
    const now = session();
    if (args.action === undefined) return rows(view, now.history().slice(-flags.lines));
    if (args.state === undefined) throw new PactError("usage", "history private: on or off is missing", { hint: "history private on" });
    const on = args.state === "on";
    now.setPrivate(on);
    return done(on ? "new lines stay in this shell" : "new lines are kept on disk", { private: on });
  },
});
