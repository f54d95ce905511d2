// Declarations → help pages, as data. The overview needs no command loaded.
import { FAILURES, type Command, type HelpPage, type Param } from "../api/index.ts";
import { type Declared, usageLine } from "./bind.ts";
import { GLOBALS, dashed } from "./globals.ts";
import type { Registered } from "./registry.ts";

type Line = string | readonly [string, string];

/** The order in which an operator looks for things. */
const GROUPS: readonly string[] = ["look", "change", "run", "session", "identity", "site", "help"];
const HEADINGS: Readonly<Record<string, string>> = {
  look: "LOOK", change: "CHANGE", run: "RUN ON NODES", session: "SESSION", identity: "IDENTITY",
  site: "EMBEDDED SITE", help: "HELP",
};

function flagLine(key: string, param: Param<any>): Line {
  const short = param.short === undefined ? "    " : `-${param.short}, `;
  const value = param.takes === "switch" ? "" : ` ${param.kind.placeholder}`;
  const fallback = param.takes === "switch" || param.fallback === undefined ? "" : ` (default ${String(param.fallback)})`;
  const must = param.required === true ? " (required)" : "";
  return [`${short}--${dashed(key)}${value}`, `${param.help}${fallback}${must}`];
}

const ROLES: Readonly<Record<Command["role"], string>> = {
  anyone: "no token is needed",
  viewer: "any role of the vCluster: pact-viewer-{vc}, pact-ops-{vc}, pact-regulated-{vc}, pact-platform-admin",
  ops: "pact-ops-{vc} or pact-platform-admin",
  regulated: "pact-regulated-{vc} or pact-platform-admin",
  admin: "pact-platform-admin",
};

/** The page of one command. */
export function commandPage(registered: Registered, command: Command<any, any>): HelpPage {
  const named: Declared = { path: registered.path, args: command.args, flags: command.flags };
  const sections: { heading: string; lines: Line[] }[] = [];
  if (command.details !== undefined) sections.push({ heading: "", lines: [command.details] });
  const args = Object.entries(named.args ?? {});
  if (args.length > 0) {
    sections.push({ heading: "ARGUMENTS", lines: args.map(([key, param]): Line => [dashed(key).toUpperCase(), param.help]) });
  }
  const flags = Object.entries(named.flags ?? {}).map(([key, param]) => flagLine(key, param));
  const globals = (command.globals ?? []).map((key) => flagLine(key, GLOBALS[key as keyof typeof GLOBALS]));
  if (flags.length + globals.length > 0) sections.push({ heading: "OPTIONS", lines: [...flags, ...globals] });
  sections.push({
    heading: "EXAMPLES",
    lines: command.examples.map(({ line, shows }): Line => [`pact ${line}`, shows]),
  });
  sections.push({ heading: "ROLES", lines: [ROLES[command.role]] });
  sections.push({ heading: "SEE ALSO", lines: ["help flags, help exit-codes"] });
  return { title: `${registered.path} — ${command.summary}`, usage: `pact ${usageLine(named)}`, sections };
}

/** What there is, grouped by intent. */
export function overview(commands: readonly Registered[], interactive: boolean): HelpPage {
  const shown = commands.filter(({ entry }) => interactive || entry.shellOnly !== true);
  const groups = [...new Set([...GROUPS, ...shown.map(({ entry }) => entry.group)])];
  const sections = groups.flatMap((group) => {
    const members = shown.filter(({ entry }) => entry.group === group);
    const lines = members.map(({ path, owner, entry }): Line =>
      [path, entry.summary + (BUNDLED.has(owner) ? "" : ` [${owner}]`)]);
    return lines.length === 0 ? [] : [{ heading: HEADINGS[group] ?? group.toUpperCase(), lines }];
  });
  return {
    title: "pact — operate an HPC or AI cluster: configuration, remote commands, audit",
    usage: "pact [FLAGS] COMMAND [ARG …]     pact (without a command: the shell)",
    sections: [...sections, {
      heading: "MORE",
      lines: [["help COMMAND", "one command"], ["help flags", "flags of every command"], ["help exit-codes", "exit codes"]],
    }],
  };
}

const BUNDLED: ReadonlySet<string> = new Set(["pact", "repl", "site"]);

/** Flags of every command. */
export function flagsPage(): HelpPage {
  return {
    title: "flags — understood by every command, anywhere before --",
    usage: "pact [FLAGS] COMMAND [ARG …]",
    sections: [{ heading: "FLAGS", lines: Object.entries(GLOBALS).map(([key, param]) => flagLine(key, param)) }],
  };
}

/** Exit codes, from the table of failures. */
export function exitCodesPage(): HelpPage {
  const byCode = new Map<number, string[]>();
  for (const { exit, means } of Object.values(FAILURES)) {
    byCode.set(exit, [...(byCode.get(exit) ?? []), means]);
  }
  const lines = [...byCode].sort(([a], [b]) => a - b).flatMap(([code, meanings]) =>
    meanings.map((means, at): Line => [at === 0 ? String(code) : "", means]));
  return {
    title: "exit-codes — what the exit status says",
    usage: "pact COMMAND; echo $?",
    sections: [{ heading: "CODES", lines: [["0", "all that was asked happened"], ...lines] }],
  };
}
