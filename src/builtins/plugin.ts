// Plugin number zero: the table of contents of pact's own commands.
import { definePlugin } from "pact/api";

export default definePlugin({
  name: "pact",
  api: 1,
  summary: "configuration state, remote commands, identity",
  commands: {
    status: { summary: "Show node state, drift and capabilities", effect: "read", group: "look", load: () => import("./status.ts") },
    diff: { summary: "Show declared against actual state (drift)", effect: "read", group: "look", load: () => import("./diff.ts") },
    log: { summary: "Show the history in the journal", effect: "read", group: "look", load: () => import("./log.ts") },
    cap: { summary: "Show what hardware a node has", effect: "read", group: "look", load: () => import("./cap.ts") },
    watch: { summary: "Follow the journal as it grows", effect: "read", group: "look", load: () => import("./watch.ts") },
    commit: { summary: "Commit current drift to the journal", effect: "write", group: "change", load: () => import("./commit.ts") },
    extend: { summary: "Extend the open commit window", effect: "write", group: "change", load: () => import("./extend.ts") },
    "approve list": { summary: "List what waits for a second person", effect: "read", group: "look", load: () => import("./approve/list.ts") },
    "approve accept": { summary: "Accept a request of another person", effect: "write", group: "change", load: () => import("./approve/accept.ts") },
    "approve deny": { summary: "Deny a request of another person", effect: "write", group: "change", load: () => import("./approve/deny.ts") },
    "group list": { summary: "List vClusters with their policy in short", effect: "read", group: "look", load: () => import("./group/list.ts") },
    "group show": { summary: "Show the policy of a vCluster, and its nodes", effect: "read", group: "look", load: () => import("./group/show.ts") },
    exec: { summary: "Run a whitelisted command on a node", effect: "exec", group: "run", load: () => import("./exec.ts") },
    shell: { summary: "Open an interactive shell on a node", effect: "exec", group: "run", load: () => import("./shell.ts") },
    run: { summary: "Run lines from a file", effect: "local", group: "session", load: () => import("./run.ts") },
    "config show": { summary: "Show settings and where each comes from", effect: "local", group: "session", load: () => import("./config/show.ts") },
    login: { summary: "Log in at the journal's identity provider", effect: "local", group: "identity", load: () => import("./login.ts") },
    logout: { summary: "Forget the tokens of this server and revoke them", effect: "local", group: "identity", load: () => import("./logout.ts") },
    whoami: { summary: "Show who the token says you are", effect: "local", group: "identity", load: () => import("./whoami.ts") },
    completion: { summary: "Print the script that lets your own shell complete pact", effect: "local", group: "help", load: () => import("./completion.ts") },
    help: { summary: "Explain pact, a command or a topic", effect: "local", group: "help", load: () => import("./help.ts") },
    doctor: { summary: "Look for what is wrong, and say what to do", effect: "local", group: "help", load: () => import("./doctor.ts") },
    version: { summary: "Print the version", effect: "local", group: "help", load: () => import("./version.ts") },
  },
});
