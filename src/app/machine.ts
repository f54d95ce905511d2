// What `doctor` looks at on this machine: versions, terminal, configuration, folders, the
// embedded site. Nothing is asked of anybody.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { API, type Finding, PactError, type Setting, asPactError, finding } from "../api/index.ts";
import { SITE_FILE } from "../contract/control.ts";
import { thisPackage } from "./catalog.ts";
import { readConfig } from "./files.ts";
import type { Io } from "./io.ts";
import type { Paths } from "./paths.ts";
import { folderFinding, historyFinding, writableByOthers } from "./permissions.ts";
import type { RunningSite } from "./running-site.ts";

const { fail, failed, ok, skipped, warn } = finding;

export interface MachineContext {
  readonly io: Io;
  readonly paths: Paths;
  readonly endpoint: Setting<string>;
  readonly site: RunningSite | undefined;
  /** Resolves the settings strictly; throws what is wrong with them. */
  readonly strict: () => Promise<unknown>;
}

/** In the order in which one thing may be the cause of the next. */
export async function machineFindings(context: MachineContext): Promise<readonly Finding[]> {
  const { io, paths } = context;
  const [user, system] = await Promise.all([configFinding("config", `${paths.config}/cli.toml`), configFinding("system config", paths.systemConfig)]);
  return [
    versions(),
    terminal(io),
    user,
    system,
    await settings(context, user.failure === "usage" || system.failure === "usage"),
    folderFinding("config folder", paths.config, "logins cannot be kept"),
    folderFinding("state folder", paths.state, "the shell keeps no history"),
    folderFinding("cache folder", paths.cache, "pact starts more slowly"),
    historyFinding(join(paths.state, "history.jsonl")),
    siteFinding(context),
  ];
}

function versions(): Finding {
  const { version, engines } = thisPackage();
  const { node } = process.versions;
  const detail = `pact ${version}, plugin API ${API}, Node.js ${node}`;
  const number = (text: string): number => text.split(".").slice(0, 2).reduce((sum, part) => sum * 1000 + Number(part), 0);
  const least = engines.node.replace(/^\D*/, "");
  return number(node) >= number(least) ? ok("versions", detail) : fail("versions", `${detail}: too old`, `install Node.js ${least} or later`, "unsupported");
}

const UTF8 = /utf-?8/i;

function terminal(io: Io): Finding {
  const { env, out, stdinTty, stdoutTty } = io;
  const locale = ["LC_ALL", "LC_CTYPE", "LANG"].map((name) => env[name] ?? "").find((value) => value !== "") ?? "";
  const detail = [
    stdinTty && stdoutTty ? "stdin and stdout are a terminal" : `${stdinTty ? "stdout" : stdoutTty ? "stdin" : "neither stdin nor stdout"} is ${stdinTty || stdoutTty ? "no" : "a"} terminal`,
    out.width === undefined ? "no width" : `${out.width} columns`,
    out.color ? "colour" : "no colour",
    `TERM=${env["TERM"] ?? ""}`,
    `locale ${locale === "" ? "not set" : locale}`,
  ].join(", ");
  if (!stdoutTty) return ok("terminal", detail);
  if (!UTF8.test(locale)) return warn("terminal", `${detail}: signs beyond ASCII may come out wrong`, "export LC_ALL=C.UTF-8");
  if ((env["TERM"] ?? "") === "" || env["TERM"] === "dumb") return warn("terminal", `${detail}: the shell edits lines plainly`, "export TERM=xterm-256color");
  if (out.width !== undefined && out.width < 60) return warn("terminal", `${detail}: tables are cut`, "make the window wider, or use --output wide");
  return ok("terminal", detail);
}

async function configFinding(check: string, path: string): Promise<Finding> {
  try {
    const file = await readConfig(path);
    if (file === undefined) return ok(check, `there is no ${path}`);
    const open = writableByOthers(check, path);
    if (open !== undefined) return open;
    if (file.warnings.length > 0) return warn(check, file.warnings.join("; "), `mend ${path}`);
    return ok(check, `${path}, ${file.values.size} ${file.values.size === 1 ? "key" : "keys"}`);
  } catch (error) {
    return failed(check, asPactError(error), `mend ${path}`);
  }
}

/** Values that make no sense together or by themselves, wherever they come from. */
async function settings({ strict, endpoint }: MachineContext, broken: boolean): Promise<Finding> {
  if (broken) return skipped("settings", "a configuration file cannot be read; it is left out");
  try {
    await strict();
    return ok("settings", `all make sense; the endpoint is from ${endpoint.where}`);
  } catch (error) {
    const problem = asPactError(error);
    return failed("settings", new PactError(problem.failure, `${problem.message}; the files were left out`, problem.about), "pact config show --origin");
  }
}

function siteFinding({ paths, site, endpoint }: MachineContext): Finding {
  const check = "site";
  if (site !== undefined) {
    const { pid, profile, nodes } = site.file;
    return ok(check, `runs as process ${pid}, profile ${profile}, ${nodes.length} ${nodes.length === 1 ? "node" : "nodes"}, in ${site.dir}`);
  }
  const left = existsSync(join(paths.site, SITE_FILE));
  const detail = left ? `${join(paths.site, SITE_FILE)} tells of a site that does not run, or is not yours` : `no embedded site runs in ${paths.site}`;
  return endpoint.from === "default" ? warn(check, detail, "pact site up") : ok(check, `${detail}; none is needed, the endpoint is from ${endpoint.where}`);
}
