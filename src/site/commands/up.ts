import { defineCommand, done, flag, live, on, PactError, values, type View } from "pact/api";
import type { SiteOptions } from "../site.ts";
import { dir, folderOf, told } from "./site-of.ts";
import { siteLine, siteRow, type SiteRow } from "./site-row.ts";

const view: View<SiteRow> = {
  columns: [{ key: "profile" }, { key: "pid", as: "count" }, { key: "started_at" }],
  empty: "no site",
  line: siteLine,
};

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve(), { once: true })));

/** One row when everything answers; then the site runs until the call is cancelled or `site down` asks. */
async function* serve(options: SiteOptions, signal: AbortSignal, note: (line: string) => void): AsyncIterable<SiteRow> {
  const { startSite } = await import("../site.ts");
  const site = await told(() => startSite(options));
  try {
    for (const line of site.notes) note(line);
    yield siteRow(site.file, true, site.file.nodes.length);
    if (!site.already) note("it runs until Ctrl-C or: pact site down");
    if (!site.already) await Promise.race([aborted(signal), site.downAsked]);
  } finally {
    for (const trouble of await site.close()) note(`while closing: ${trouble}`);
  }
}

export default defineCommand({
  summary: "Start an embedded site on this machine",
  details:
    "Starts a journal, an identity provider and the agents of this machine and of virtual nodes, all in one folder. " +
    "In the foreground it runs until Ctrl-C; with --detach it returns when everything answers. " +
    "A folder that was used before keeps its nodes, its data and, where they are free, its ports. " +
    "Who may do what is in site.toml in that folder.",
  flags: {
    dir,
    nodes: flag(values.count(0, 5000), "virtual nodes; a new site has two"),
    port: flag(values.count(0, 65_533), "first of three ports, or 0 for free ones; without it 9443, 9091 and 9445"),
    profile: flag(values.choice("PROFILE", "embedded", "real"), "embedded, or real: behaves as stock servers do"),
    detach: on("run in the background"),
    testClock: on("a clock that `site clock` moves"),
    enforceHost: on("let this machine be changed, not only observed; asked for on a terminal"),
    bare: on("nodes without namespaces, for load tests: no shell, commands run as plain children"),
  },
  effect: "local",
  role: "anyone",
  examples: [
    { line: "site up --detach", shows: "starts your own site in the background" },
    { line: "site up --dir /tmp/try --port 0 --nodes 4 --detach", shows: "a second site on free ports" },
  ],
  async run(call) {
    const { flags, signal, note } = call;
    if (flags.enforceHost && !call.terminal().interactive) {
      throw new PactError("usage", "--enforce-host lets pact change this machine, so it is taken on a terminal only", {
        hint: "leave it out: virtual nodes show the same",
      });
    }
    const { dir: _, detach, ...rest } = flags;
    const options: SiteOptions = { ...rest, dir: folderOf(call) };
    if (!detach) return live(view, serve(options, signal, note));
    const { launchSite } = await import("../launch.ts");
    const site = await told(() => launchSite(options, { signal }));
    for (const line of site.notes) note(line);
    const row = siteRow(site.file, true, site.file.nodes.length);
    return done(siteLine(row), row);
  },
});
