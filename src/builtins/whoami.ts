import { type View, type Who, defineCommand, record } from "pact/api";

export const whoView: View<Who> = {
  columns: [
    { key: "principal" }, { key: "principalType", title: "type" }, { key: "role" }, { key: "server" }, { key: "issuer" },
    { key: "expiresAt", title: "expires", as: "time" }, { key: "tokenSource", title: "token from" },
  ],
  empty: "",
};

export default defineCommand({
  summary: "Show who the token says you are",
  details: "Read from the token itself; nothing goes over the network.",
  effect: "local",
  role: "viewer",
  globals: ["output"],
  examples: [{ line: "whoami", shows: "principal, role and where the token comes from" }],
  async run(call) {
    return record(whoView, await (await call.identity()).whoami());
  },
});
