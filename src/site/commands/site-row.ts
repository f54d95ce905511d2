// A site as a row: site.json with what is known of it now.
import type { Column, View } from "pact/api";
import type { SiteFile } from "../../contract/control.ts";

export type SiteRow = Omit<SiteFile, "made"> & { readonly running: boolean; readonly nodes_up: number };

export const siteRow = ({ made: _, ...file }: SiteFile, running: boolean, nodesUp: number): SiteRow => ({ ...file, running, nodes_up: nodesUp });

const columns: readonly Column<SiteRow>[] = [
  { key: "running", title: "Running", show: (row) => (row.running ? `yes, process ${row.pid}` : "no") },
  { key: "profile", title: "Profile" },
  { key: "journal", title: "Journal", show: (row) => row.journal.grpc },
  { key: "issuer", title: "Issuer", show: (row) => row.issuer ?? "none" },
  { key: "nodes", title: "Nodes", show: (row) => `${row.nodes_up} of ${row.nodes.length} up: ${row.nodes.map((node) => node.node_id).join(" ")}` },
  { key: "started_at", title: "Started" },
];

/** For `site status`: a field a line. */
export const siteView: View<SiteRow> = { columns, empty: "no site" };

/** One line for a person who just started it. */
export const siteLine = (row: SiteRow): string =>
  `site up: journal ${row.journal.grpc}, ${row.nodes.length} ${row.nodes.length === 1 ? "node" : "nodes"} (${row.nodes.map((node) => node.node_id).slice(0, 8).join(" ")}${
    row.nodes.length > 8 ? " …" : ""}), ${row.profile} profile`;
