#!/usr/bin/env node
// The process edge: argv, environment and real streams in, exit status out.
// The only file that ends the process. No top-level await: it is bundled as CommonJS too.
import { constants } from "node:os";
import { systemIo } from "./app/io.ts";
import { once } from "./app/once.ts";

// At once, so that a token given with --token is not in the process list for longer than it takes to get here.
process.title = "pact";
// An unfinished run is a failed run.
process.exitCode = 1;

const cancel = new AbortController();
let ending: NodeJS.Signals | undefined;

const end = (status: number): never => process.exit(status);

for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(name, () => {
    // The second one does not wait any longer.
    if (ending !== undefined) end(128 + constants.signals[name]);
    ending = name;
    cancel.abort(new Error(`ended by ${name}`));
  });
}

// It never rejects.
void once(process.argv.slice(2), systemIo(process), cancel.signal).then((status) => {
  const killed = ending === "SIGTERM" || ending === "SIGHUP" ? 128 + constants.signals[ending] : status;
  end(status === 0 ? 0 : killed);
});
