// DIR/site.json: what runs in a folder. Written by rename, so readers see all of it or the one before.
import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import type { SiteFile, SiteNode } from "../contract/control.ts";
import { holderOf, isAlive } from "./lock.ts";
import type { SitePaths } from "./paths.ts";

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function nodeOf(value: unknown): SiteNode | undefined {
  if (!isRecord(value)) return undefined;
  const { node_id, kind, endpoint, root } = value;
  if (typeof node_id !== "string" || typeof endpoint !== "string" || typeof root !== "string") return undefined;
  return kind === "host" || kind === "virtual" ? { node_id, kind, endpoint, root } : undefined;
}

/** Reads a description; undefined when there is none or it is not one. */
export function readSiteFile(file: string): SiteFile | undefined {
  let value: unknown;
  try {
    if (statSync(file).size > 16 * 1024 * 1024) return undefined;
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
  if (!isRecord(value) || !isRecord(value["journal"]) || !Array.isArray(value["nodes"])) return undefined;
  const { pid, uid, started_at, profile, issuer, journal } = value;
  const { grpc, http } = journal as Readonly<Record<string, unknown>>;
  if (value["version"] !== 1 || typeof pid !== "number" || typeof uid !== "number" || typeof started_at !== "string") return undefined;
  if (typeof grpc !== "string" || typeof http !== "string") return undefined;
  if (profile !== "embedded" && profile !== "real") return undefined;
  const nodes = value["nodes"].map(nodeOf);
  const all = nodes.filter((node) => node !== undefined);
  if (all.length !== nodes.length) return undefined;
  const made = Array.isArray(value["made"]) ? value["made"].filter((name) => typeof name === "string") : [];
  return {
    version: 1, pid, uid, started_at, profile, journal: { grpc, http }, issuer: typeof issuer === "string" ? issuer : null, nodes: all, sims: {}, made,
  };
}

/** Puts a description in place, whole or not at all. */
export function writeSiteFile(paths: SitePaths, site: SiteFile): void {
  const draft = `${paths.file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(site, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, paths.file);
}

/** An orderly end: the description stays, under another name, for the next start's ports. */
export function retireSiteFile(paths: SitePaths): void {
  renameSync(paths.file, paths.last);
}

/** What ran last in a folder, and whether its process still does. */
export function lookAtSite(paths: SitePaths): { readonly file: SiteFile | undefined; readonly alive: boolean } {
  const file = readSiteFile(paths.file);
  if (file === undefined) return { file: readSiteFile(paths.last), alive: false };
  const holder = holderOf(paths.lock);
  return { file, alive: holder !== undefined && holder.pid === file.pid && isAlive(holder) };
}
