import { PactError, defineCommand, page, rest, values } from "pact/api";

export default defineCommand({
  summary: "Explain pact, a command or a topic",
  args: { words: rest(values.commandWord, "a command, or: flags, exit-codes") },
  effect: "local",
  role: "anyone",
  examples: [
    { line: "help", shows: "all commands by what one wants to do" },
    { line: "help site up", shows: "one command" },
  ],
  async run(call) {
    const found = await call.catalog().page(call.args.words);
    if (found !== null) return page(found);
    const topic = call.args.words.join(" ");
    const close = call.catalog().suggest(topic);
    throw new PactError("usage", `no help on ${JSON.stringify(topic)}`, { hint: close.length > 0 ? `pact help ${close[0]}` : "pact help" });
  },
});
