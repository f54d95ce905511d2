// `use`: which vCluster and node the lines that follow act on.
import { type Session, PactError, defineCommand, done, on, optional, values } from "pact/api";

interface Selection {
  readonly vcluster?: string | null;
  readonly node?: string | null;
}

/** `VC`, `VC/NODE`, `/NODE`. Another vCluster drops the node: it may not be part of it. */
function selectionOf(target: string): Selection {
  const parts = /^([^/]*)(?:\/([^/]*))?$/.exec(target);
  const [, vcluster = "", node = ""] = parts ?? [];
  if (parts === null || (vcluster === "" && node === "")) {
    throw new PactError("usage", `use: ${JSON.stringify(target.slice(0, 80))} is neither VCLUSTER, VCLUSTER/NODE nor /NODE`, { hint: "use ml-training/node-001" });
  }
  const read = (what: string, parse: (text: string) => string, text: string): string => {
    try {
      return parse(text);
    } catch (error) {
      throw new PactError("usage", `use: ${what} needs ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  return {
    ...(vcluster === "" ? {} : { vcluster: read("VCLUSTER", values.vcluster.parse, vcluster) }),
    node: node === "" ? null : read("NODE", values.node.parse, node),
  };
}

/** What holds now, for the answer. */
function selected(session: Session) {
  const value = (key: string): string | null => {
    const found = session.context().find((entry) => entry.key === key);
    // This host serves reads when nothing is chosen; that is no selection.
    return found === undefined || found.value === null || found.origin.startsWith("this host") ? null : String(found.value);
  };
  const vcluster = value("vcluster");
  const node = value("node");
  return done(`vCluster ${vcluster ?? "none"}, node ${node ?? "none"}`, { vcluster, node });
}

export default defineCommand({
  summary: "Choose the vCluster and the node for the lines that follow",
  details: "The selection belongs to this shell alone. A [context.NAME] table of cli.toml sets endpoint, vcluster, node, output and read_only together. Flags on a line rule over it.",
  args: { target: optional({ ...values.text, name: "vcluster" }, "a context of cli.toml, VCLUSTER, VCLUSTER/NODE or /NODE; - for the selection before") },
  flags: { clear: on("select nothing") },
  effect: "local",
  role: "anyone",
  globals: ["vcluster", "node"],
  examples: [
    { line: "use ml-training", shows: "the vCluster selected, and no node" },
    { line: "use ml-training/node-001", shows: "vCluster and node selected" },
    { line: "use -", shows: "the selection before this one" },
    { line: "use --clear", shows: "that nothing is selected" },
  ],
  async run({ args, flags, scope, session }) {
    const now = session();
    const given = {
      ...(scope.vcluster?.from === "flag" ? { vcluster: scope.vcluster.value } : {}),
      ...(scope.node?.from === "flag" ? { node: scope.node.value } : {}),
    };
    const flagged = Object.keys(given).length > 0;
    if ((args.target !== undefined ? 1 : 0) + (flags.clear ? 1 : 0) + (flagged ? 1 : 0) > 1) {
      throw new PactError("usage", "use: give a target, --clear or --vcluster and --node, not several of them");
    }
    if (args.target === "-") now.back();
    else if (flags.clear) now.use({ vcluster: null, node: null });
    else if (args.target !== undefined && now.contexts().includes(args.target)) now.enter(args.target);
    else if (args.target !== undefined) now.use(selectionOf(args.target));
    else if (flagged) now.use(given);
    // `use` alone only says what is selected.
    return selected(now);
  },
});
