// Reads the folder's site.toml; a first start writes one.
import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { ConfigError, readConfig } from "./config.ts";
import { firstConfig, nodeTable, virtualNodeId } from "./first-config.ts";
import type { SiteConfig } from "./parts.ts";
import type { SitePaths } from "./paths.ts";
import { codeOf, messageOf, SiteProblem } from "./problem.ts";

const MAX_BYTES = 4 * 1024 * 1024;
export const DEFAULT_NODES = 2;

function readText(file: string): string | undefined {
  try {
    if (statSync(file).size > MAX_BYTES) throw new SiteProblem("local", `${file} is larger than 4 MiB`);
    return readFileSync(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    if (error instanceof SiteProblem) throw error;
    throw new SiteProblem("local", `cannot read ${file}: ${messageOf(error)}`, undefined, error);
  }
}

function write(file: string, text: string): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, file);
}

function check(text: string, file: string): SiteConfig {
  try {
    return readConfig(text, file);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new SiteProblem("local", error.message, "correct that line, then start again", error);
  }
}

/** Text for the virtual nodes that are missing to make `nodes`; names that are taken are passed over. */
function moreNodes(config: SiteConfig, nodes: number): string {
  const names = new Set(config.nodes.map((node) => node.name));
  const vcluster = config.vclusters.find((one) => !one.regulated)?.name ?? config.vclusters[0]?.name;
  let missing = nodes - config.nodes.filter((node) => node.kind === "virtual").length;
  let text = "";
  for (let n = 1; missing > 0 && vcluster !== undefined; n++) {
    if (names.has(virtualNodeId(n))) continue;
    text += nodeTable(virtualNodeId(n), vcluster, "virtual");
    missing--;
  }
  return text;
}

export interface LoadedConfig {
  readonly config: SiteConfig;
  /** What a person should know: one line each. */
  readonly notes: readonly string[];
}

/**
 * The site's configuration. `nodes` (virtual ones) shapes a new file; a file that is there keeps
 * its nodes and gets those that are missing. Throws SiteProblem naming file and line.
 */
export function loadConfig(paths: SitePaths, nodes: number | undefined): LoadedConfig {
  const text = readText(paths.config);
  if (text === undefined) {
    const fresh = firstConfig(hostname(), nodes ?? DEFAULT_NODES);
    write(paths.config, fresh);
    return { config: check(fresh, paths.config), notes: [] };
  }
  const config = check(text, paths.config);
  const there = config.nodes.filter((node) => node.kind === "virtual").length;
  if (nodes === undefined || nodes === there) return { config, notes: [] };
  if (nodes < there) {
    return { config, notes: [`this site keeps its ${there} virtual nodes; take them out of ${paths.config} to have fewer`] };
  }
  const longer = text + (text.endsWith("\n") ? "" : "\n") + moreNodes(config, nodes);
  const grown = check(longer, paths.config);
  write(paths.config, longer);
  return { config: grown, notes: [`added ${nodes - there} virtual nodes to ${paths.config}`] };
}

/**
 * Writes one more virtual node into site.toml; answers its vCluster: the one asked for, else the
 * first that is not regulated. Throws SiteProblem when the name is taken or there is no such vCluster.
 */
export function addNode(paths: SitePaths, name: string, asked: string | undefined): string {
  const text = readText(paths.config);
  if (text === undefined) throw new SiteProblem("notFound", `there is no ${paths.config}`, "pact site up");
  const { vclusters, nodes } = check(text, paths.config);
  const vcluster = asked === undefined ? vclusters.find((one) => !one.regulated) ?? vclusters[0] : vclusters.find((one) => one.name === asked);
  if (vcluster === undefined) {
    throw new SiteProblem("notFound", `there is no vCluster ${asked ?? ""}`, `one of ${vclusters.map((one) => one.name).join(", ")}`);
  }
  if (nodes.some((node) => node.name === name)) throw new SiteProblem("usage", `the site has a node ${name} already`);
  const longer = text + (text.endsWith("\n") ? "" : "\n") + nodeTable(name, vcluster.name, "virtual");
  check(longer, paths.config);
  write(paths.config, longer);
  return vcluster.name;
}
