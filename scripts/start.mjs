// `npm start`: makes the checkout ready, sees that this user's site runs, then becomes pact: the shell on a
// terminal, a runner of lines otherwise, one command with arguments. Nothing but answers goes to stdout.
import { join } from "node:path";
import { isatty } from "node:tty";
import { pathToFileURL } from "node:url";
import { prepare, root, say, tell } from "./prepare.mjs";

const built = (path) => import(pathToFileURL(join(root, "dist/src", path)).href);

/** Commands that need no site, or are about to deal with one themselves. */
const WITHOUT_SITE = new Set(["site", "help", "version", "nodeset", "completion", "--help", "-h", "--version", "-V"]);

function wantsSite(args) {
  if (process.env.PACT_ENDPOINT || args.some((arg) => arg === "--endpoint" || arg.startsWith("--endpoint="))) return false;
  return !WITHOUT_SITE.has(args[0] ?? "");
}

/** Starts the default site when it does not run. Documented ports that are taken give way to free ones. */
async function startSite() {
  const { launchSite } = await built("site/launch.js");
  const { defaultSiteDir } = await built("site/paths.js");
  const dir = defaultSiteDir(process.env);
  let site;
  try {
    site = await launchSite({ dir });
  } catch (error) {
    if (error.kind !== "precondition" || !/^port \d+ /.test(error.message)) throw error;
    say(`${error.message}; taking free ports instead`);
    site = await launchSite({ dir, port: 0 });
  }
  if (site.already) return;
  say(`started the site in ${dir}`);
  for (const note of site.notes) say(note);
}

const args = process.argv.slice(2);
try {
  await prepare();
  if (wantsSite(args)) await startSite();
} catch (error) {
  tell(error);
}
if (process.exitCode !== 1) {
  // The same process goes on as pact, so that signals, the terminal and the exit status are its own.
  const main = join(root, "dist/src/fast.cjs");
  const words = args.length > 0 ? args : isatty(0) ? [] : ["run", "-", "--keep-going"];
  process.argv = [process.execPath, main, ...words];
  await import(pathToFileURL(main).href);
}
