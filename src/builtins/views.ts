// How the things several commands speak of look to a person.
import { type DeltaItem, type Entry, type View, scopeText } from "pact/api";

/** A journal entry as a row: the shape of `log` and `watch` in JSON. */
export interface EntryRow {
  readonly seq: number;
  readonly time: Date;
  readonly type: string;
  readonly scope: string;
  readonly author: { readonly principal: string; readonly type: string; readonly role: string };
  readonly message: string;
  /** What an execution left behind: arguments, status, sizes and hashes of its output; null for other entries. */
  readonly detail: unknown;
  readonly parent: number | null;
  readonly ttlS: number | null;
  readonly delta: readonly DeltaItem[] | null;
}

/** Agents put a JSON object behind the text of an execution; the two are told apart here. */
function splitDetail({ type, message }: Entry): { message: string; detail: unknown } {
  const at = message.indexOf(" {");
  if ((type !== "EXEC_LOG" && type !== "SHELL_SESSION") || at < 0) return { message, detail: null };
  try {
    return { message: message.slice(0, at), detail: JSON.parse(message.slice(at + 1)) };
  } catch {
    return { message, detail: null };
  }
}

export const entryRow = (entry: Entry): EntryRow => ({
  seq: entry.seq,
  time: entry.time,
  type: entry.type,
  scope: scopeText(entry.scope),
  author: entry.author,
  ...splitDetail(entry),
  parent: entry.parent,
  ttlS: entry.ttlS,
  delta: entry.delta,
});

const when = (time: Date): string => time.toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");

export const entryView: View<EntryRow> = {
  columns: [{ key: "seq" }, { key: "time", as: "time" }, { key: "type" }, { key: "scope" }, { key: "message" }],
  empty: "No entries.",
  line: (row) =>
    `#${String(row.seq).padStart(6, "0")} ${when(row.time)} ${row.type} ${row.scope} by ${row.author.principal}` +
    (row.message === "" ? "" : `  ${row.message}`),
};

/** What a write did at one target. */
export interface WriteRow {
  readonly nodeId: string | null;
  readonly vcluster: string | null;
  readonly seq: number | null;
  readonly status: "committed" | "pending_approval" | "unchanged" | "failed";
  readonly approvalId: string | null;
  readonly message: string;
  readonly error: string | null;
}

/** A row with every key in its place; what is not said is null. */
export const writeRow = (row: Partial<WriteRow> & Pick<WriteRow, "status" | "message">): WriteRow =>
  ({
    nodeId: row.nodeId ?? null, vcluster: row.vcluster ?? null, seq: row.seq ?? null, status: row.status,
    approvalId: row.approvalId ?? null, message: row.message, error: row.error ?? null,
  });

export const writeView: View<WriteRow> = {
  columns: [{ key: "nodeId", title: "node" }, { key: "vcluster" }, { key: "seq" }, { key: "status", as: "state" }, { key: "message" }],
  empty: "Nothing to commit.",
  line: (row) => {
    const target = row.nodeId ?? row.vcluster ?? "global";
    if (row.status === "committed") return `${target}: committed seq ${row.seq}`;
    if (row.status === "pending_approval") return `${target}: waits for approval ${row.approvalId}`;
    return `${target}: ${row.status}${row.error === null ? "" : `: ${row.error}`}`;
  },
};
