// Appends so many lines to a history file, as one of several shells: PATH NAME COUNT.
import { History } from "../../../src/repl/history.ts";

const [path = "", name = "", count = "0"] = process.argv.slice(2);
const history = new History({ path, session: name });
for (let at = 0; at < Number(count); at++) history.begin(`${name} ${at}`, { vcluster: "v", node: undefined }).finish(0, 1);
