// Table of contents of the site's commands.
import { API, definePlugin, type CommandEntry } from "pact/api";

const entry = (summary: string, load: CommandEntry["load"]): CommandEntry => ({ summary, effect: "local", group: "site", load });

export default definePlugin({
  name: "site",
  api: API,
  summary: "an embedded site: journal, identity provider and nodes on this machine",
  commands: {
    "site up": entry("Start an embedded site on this machine", () => import("./commands/up.ts")),
    "site down": entry("Stop the embedded site", () => import("./commands/down.ts")),
    "site status": entry("Show the embedded site: whether it runs, where it listens, its nodes", () => import("./commands/status.ts")),
    "site env": entry("Print the environment that leads to the site, for eval in a shell", () => import("./commands/env.ts")),
    "site token": entry("Print an access token of one of the site's users", () => import("./commands/token.ts")),
    "site passwd": entry("Print or set the password of one of the site's users", () => import("./commands/passwd.ts")),
    "site verify": entry("Check the chains of the site's journal and audit log", () => import("./commands/verify.ts")),
    "site reset": entry("Remove a stopped site: its journal, users, nodes and settings", () => import("./commands/reset.ts")),
    "site clock show": entry("Show the site's time", () => import("./commands/clock/show.ts")),
    "site clock advance": entry("Move the site's time forward", () => import("./commands/clock/advance.ts")),
    "site clock rate": entry("Make the site's time run faster, or stop it", () => import("./commands/clock/rate.ts")),
    "site node add": entry("Add a virtual node to the site", () => import("./commands/node/add.ts")),
    "site node stop": entry("Stop the agent of a node of the site", () => import("./commands/node/stop.ts")),
    "site node freeze": entry("Make a node of the site accept calls and never answer", () => import("./commands/node/freeze.ts")),
    "site node cut": entry("Break the connections of a node of the site", () => import("./commands/node/cut.ts")),
    "site node resume": entry("Bring a stopped, frozen or cut node of the site back", () => import("./commands/node/resume.ts")),
  },
});
