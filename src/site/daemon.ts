// The process of a site in the background. Options come as JSON on stdin, so that argv tells
// nothing; one line on descriptor 3 says that it answers, or why it does not.
import { closeSync, writeSync } from "node:fs";
import { messageOf, SiteProblem } from "./problem.ts";
import { startSite, type SiteOptions } from "./site.ts";

const READY = 3;
/** All parts together get this long to close; what hangs then is ended by the system. */
const CLOSE_DEADLINE_MS = 20_000;

const log = (line: string): void => void process.stderr.write(`${new Date().toISOString()} ${line}\n`);

function tell(what: object): void {
  try {
    writeSync(READY, `${JSON.stringify(what)}\n`);
    closeSync(READY);
  } catch {
    // Whoever started us has gone; the site runs all the same.
  }
}

async function readOptions(): Promise<SiteOptions> {
  let text = "";
  for await (const part of process.stdin.setEncoding("utf8")) text += String(part);
  return JSON.parse(text) as SiteOptions;
}

/** Settles at the first signal that asks for an end. */
function signalled(): Promise<string> {
  return new Promise((resolve) => {
    for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(name, () => resolve(name));
  });
}

async function serve(): Promise<void> {
  const ended = signalled();
  // One bad request must not take the site down; the log keeps what happened.
  process.on("uncaughtException", (error) => log(`unexpected: ${error.stack ?? error.message}`));
  const options = await readOptions();
  process.title = `pact site ${options.dir}`;
  const site = await startSite(options);
  tell({ ready: { file: site.file, already: site.already, notes: site.notes } });
  if (site.already) return;
  log(`up: journal ${site.file.journal.grpc}, ${site.file.nodes.length} nodes`);
  const why = await Promise.race([ended, site.downAsked.then(() => "asked")]);
  setTimeout(() => process.kill(process.pid, "SIGKILL"), CLOSE_DEADLINE_MS).unref();
  for (const trouble of await site.close()) log(`while closing: ${trouble}`);
  log(`down (${why})`);
}

process.exitCode = 1;
try {
  await serve();
  process.exitCode = 0;
} catch (error) {
  log(messageOf(error));
  const cause = error instanceof SiteProblem ? error.cause : error;
  if (cause instanceof Error) log(cause.stack ?? cause.message);
  const known = error instanceof SiteProblem;
  tell({ failed: { kind: known ? error.kind : "local", message: messageOf(error), hint: known ? error.hint : undefined } });
}
